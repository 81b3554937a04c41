"""A span is current in its block alone, and a failure is recorded on it once."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.trace import Link, SpanKind, StatusCode

from otel_trading import _losses, tracing
from otel_trading.tracing import span, start_span


def current() -> str:
    return getattr(trace.get_current_span(), "name", "none")


def test_a_span_is_current_inside_its_block_and_not_outside_of_it(seen):
    names = [current()]
    with span("outer"):
        names.append(current())
        with span("inner"):
            names.append(current())
        names.append(current())
    assert [*names, current()] == ["none", "outer", "inner", "outer", "none"]
    assert seen.span("inner").parent.span_id == seen.span("outer").context.span_id


def test_a_span_has_the_given_attributes_kind_links_and_start_time(seen):
    with span("linked") as first:
        pass
    link = Link(first.get_span_context())
    with span("s", {"a": 1}, kind=SpanKind.CLIENT, links=[link], start_time=5):
        pass
    ended = seen.span("s")
    assert (dict(ended.attributes), ended.kind, ended.start_time) == ({"a": 1}, SpanKind.CLIENT, 5)
    assert [one.context.span_id for one in ended.links] == [first.get_span_context().span_id]


def test_a_span_started_by_hand_is_not_current_and_has_the_given_parent(seen):
    parent = start_span("parent")
    child = start_span("child", context=trace.set_span_in_context(parent))
    assert current() == "none"
    child.end()
    parent.end()
    assert seen.span("child").parent.span_id == seen.span("parent").context.span_id


def test_an_error_is_raised_unchanged_and_recorded_on_the_span(seen):
    error = KeyError("price")
    with pytest.raises(KeyError) as raised, span("s"):
        raise error
    assert raised.value is error
    ended = seen.span("s")
    assert (ended.status.status_code, ended.status.description) == (StatusCode.ERROR, "'price'")
    assert ended.attributes["error.type"] == "KeyError"
    (event,) = ended.events
    assert (event.name, event.attributes["exception.type"]) == ("exception", "KeyError")
    assert "test_spans.py" in event.attributes["exception.stacktrace"]


def test_an_error_is_logged_once_with_the_ids_of_the_innermost_span(seen):
    with pytest.raises(ValueError, match="bad"), span("outer"), span("inner"):
        raise ValueError("bad")
    (record,) = seen.log_records
    assert (record.event_name, record.severity_text) == ("exception", "ERROR")
    assert record.span_id == seen.span("inner").context.span_id
    assert [len(seen.span(name).events) for name in ("inner", "outer")] == [1, 0]
    assert seen.span("outer").status.status_code is StatusCode.ERROR


def test_the_failure_of_an_outgoing_call_is_a_warning(seen):
    with pytest.raises(OSError, match="refused"), span("call", kind=SpanKind.CLIENT):
        raise OSError("refused")
    assert [record.severity_text for record in seen.log_records] == ["WARN"]


async def test_a_cancellation_is_recorded_as_a_cancellation(seen):
    async def work() -> None:
        with span("work"):
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    ended = seen.span("work")
    assert (ended.status.description, ended.attributes["error.type"]) == (
        "cancelled",
        "asyncio.exceptions.CancelledError",
    )


@pytest.mark.parametrize(
    ("code", "status"), [(0, StatusCode.UNSET), (None, StatusCode.UNSET), (1, StatusCode.ERROR)]
)
def test_only_an_exit_with_a_code_is_a_failure(seen, code, status):
    with pytest.raises(SystemExit), span("s"):
        raise SystemExit(code)
    assert seen.span("s").status.status_code is status


class HostileError(Exception):
    """Raises when its text is read or an attribute is set."""

    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("no text")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(name)


def test_an_exception_whose_text_cannot_be_read_is_recorded(seen):
    with pytest.raises(HostileError), span("s"):
        raise HostileError
    assert seen.span("s").attributes["error.type"].endswith("HostileError")
    assert len(seen.log_records) == 1


class GrantingError(Exception):
    """Has every attribute that is read."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_: name


class RefusingError(Exception):
    """Raises unusual exceptions when an attribute is read or set."""

    def __getattr__(self, name: str) -> Any:
        raise KeyError(name)

    def __setattr__(self, name: str, value: object) -> None:
        raise TypeError(name)


@pytest.mark.parametrize("kind", [GrantingError, RefusingError])
def test_an_exception_that_overrides_attribute_access_is_recorded_once(seen, kind, guarded):
    with pytest.raises(kind), span("outer"), span("inner"):
        raise kind
    assert [len(seen.span(name).events) for name in ("inner", "outer")] == [1, 0]
    assert len(seen.log_records) == 1
    assert _losses.snapshot() == {}


def test_a_block_that_exits_without_having_been_entered_ends_its_span_and_raises_nothing(seen, caplog):
    with ExitStack() as stack:
        stack.push(span("s"))  # `push` calls `__exit__` without `__enter__`
    assert seen.span("s").end_time
    assert [record.getMessage() for record in caplog.records] == ["Failed to detach context"]


def test_a_processor_that_raises_does_not_reach_the_caller(seen, guarded, monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError("a defect of the processor")

    monkeypatch.setattr("opentelemetry.sdk.trace.export.SimpleSpanProcessor.on_end", fail)
    with span("s"):
        done = True
    assert done
    assert _losses.snapshot() == {"sdk": {"internal_error": 1}}


def test_before_attach_a_span_records_nothing():
    with span("s") as opened:
        assert not opened.is_recording()


def test_after_detach_spans_go_nowhere(seen):
    tracing.detach()
    with span("s"):
        pass
    assert seen.spans == []


@given(st.lists(st.sampled_from(["a", "b", "raise"]), max_size=8))
def test_nested_spans_restore_the_context_in_any_order_of_blocks_and_errors(steps):
    def nest(rest: list[str]) -> None:
        if not rest:
            return
        with span(rest[0]):
            if rest[0] == "raise":
                raise LookupError
            nest(rest[1:])

    before = trace.get_current_span()
    try:
        nest(steps)
    except LookupError:
        assert "raise" in steps
    assert trace.get_current_span() is before
