"""A span processor of the user gets the same calls as from the SDK, and its changes stay on the span."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from typing import Any

import pytest
from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import (
    ReadableSpan,
    Span,
    SpanProcessor,
    SynchronousMultiSpanProcessor,
    TracerProvider,
)
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanContext

from otel_trading import tracing
from otel_trading.pipeline.clean.size_limits import bounded_span
from otel_trading.tracing import span, start_span, traced
from otel_trading.tracing.fast.fast_span import FastSpan


class UserSampler(Sampler):
    """A sampler of the user, which has to be called for each span."""

    def should_sample(self, parent_context: Any, *others: Any, **more: Any) -> SamplingResult:
        return SamplingResult(Decision.RECORD_AND_SAMPLE)

    def get_description(self) -> str:
        return "UserSampler"


class Recorder(SpanProcessor):
    """Stores the parent context of each span that starts, and calls `act` for each span that ends."""

    def __init__(self, act: Callable[[Any], None] = id) -> None:
        self.contexts: list[Context | None] = []
        self._act = act

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self.contexts.append(parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        self._act(span)


def attached(*processors: SpanProcessor, sampler: Sampler = ALWAYS_ON) -> TracerProvider:
    provider = TracerProvider(sampler, Resource({}), shutdown_on_exit=False)
    for one in processors:
        provider.add_span_processor(one)
    tracing.attach(provider, "test")
    return provider


def block() -> None:
    with span("block"):
        pass


def by_hand() -> None:
    start_span("by hand").end()


@traced
def call() -> None:
    pass


@traced
def generator() -> Iterator[None]:
    yield


@traced
async def coroutine() -> None:
    pass


def run_generator() -> None:
    list(generator())


def run_coroutine() -> None:
    with pytest.raises(StopIteration):
        coroutine().send(None)


STARTS = [block, by_hand, call, run_generator, run_coroutine]


@pytest.mark.parametrize("sampler", [ALWAYS_ON, UserSampler()], ids=["fast", "SDK"])
@pytest.mark.parametrize("run", STARTS)
def test_a_processor_gets_no_parent_context_where_the_caller_gave_none(run, sampler):
    recorder = Recorder()
    provider = attached(recorder, sampler=sampler)
    with provider.get_tracer("theirs").start_as_current_span("outer"):
        run()
    assert recorder.contexts == [None, None]


@pytest.mark.parametrize("given", [Context(), trace.set_span_in_context(trace.INVALID_SPAN)])
def test_a_processor_gets_the_parent_context_that_the_caller_gave(given):
    recorder = Recorder()
    attached(recorder)
    with span("block", context=given):
        pass
    start_span("by hand", context=given).end()
    assert [one is given for one in recorder.contexts] == [True, True]


def write(one: Any) -> None:
    one._attributes["written"] = True


def take_out(one: Any) -> None:
    one._attributes.pop("a", None)


def replace(one: Any) -> None:
    one._attributes = {"replaced": True}


@traced("first", attributes={"a": 1})
def with_attributes(*, leave: bool) -> None:
    if not leave:
        trace.get_current_span().update_name("changed")


@pytest.mark.parametrize("act", [write, take_out, replace])
def test_a_processor_can_write_into_the_attributes_of_an_ended_span(act):
    acting, exported = Recorder(lambda one: act(one) if one.name == "first" else None), InMemorySpanExporter()
    attached(acting, SimpleSpanProcessor(exported))
    with span("first"):
        pass
    with span("second"):
        pass
    with_attributes(leave=True)
    with_attributes(leave=False)
    ended = [dict(one.attributes or {}) for one in exported.get_finished_spans()]
    after = {write: [{"written": True}, {"a": 1, "written": True}], take_out: [{}, {}]}
    changed, called = after.get(act, [{"replaced": True}] * 2)
    assert ended == [changed, {}, called, {"a": 1}]


def test_attributes_that_a_processor_replaced_at_the_start_are_those_changed_later():
    class Replacing(Recorder):
        def on_start(self, span: Any, parent_context: Context | None = None) -> None:
            replace(span)

    exported = InMemorySpanExporter()
    attached(Replacing(), SimpleSpanProcessor(exported))
    with span("s", {"a": 1}) as opened:
        opened.set_attribute("b", 2)
    assert dict(exported.get_finished_spans()[0].attributes or {}) == {"replaced": True, "b": 2}


def test_a_processor_may_copy_a_span_that_was_changed():
    copies: list[Any] = []
    attached(Recorder(lambda one: copies.append(deepcopy(one))))
    with span("s", {"a": [1]}) as opened:
        opened.set_attribute("b", 2)
        opened.add_event("e")
    (copied,) = copies
    assert (copied.name, copied.context, dict(copied.attributes)) == (
        "s",
        opened.get_span_context(),
        {"a": (1,), "b": 2},
    )
    assert [event.name for event in copied.events] == ["e"]


def test_a_multi_processor_of_the_users_class_is_called_for_every_span():
    class Marking(SynchronousMultiSpanProcessor):
        def on_start(self, span: Any, parent_context: Context | None = None) -> None:
            span.set_attribute("marked", value=True)
            super().on_start(span, parent_context)

    exported = InMemorySpanExporter()
    provider = TracerProvider(
        ALWAYS_ON, Resource({}), shutdown_on_exit=False, active_span_processor=Marking()
    )
    provider.add_span_processor(SimpleSpanProcessor(exported))
    tracing.attach(provider, "test")
    for run in STARTS:
        run()
    ended = exported.get_finished_spans()
    assert len(ended) == len(STARTS)
    assert all(one.attributes["marked"] for one in ended)


LONG = "b" * 5_000


def start(name: str, **attributes: str) -> Any:
    return start_span(name, attributes)


def replaced_at_the_end() -> Any:
    opened = start("s")
    opened._attributes = {"a": LONG}
    return opened


def linked() -> Any:
    return start_span("s", links=[Link(SpanContext(1, 2, is_remote=True), {"a": LONG})])


def changed(method: str, *arguments: Any) -> Any:
    opened = start("s")
    getattr(opened, method)(*arguments)
    return opened


@pytest.mark.parametrize(
    "heavier",
    [
        partial(start, "s", a=LONG),
        partial(start, LONG),
        replaced_at_the_end,
        linked,
        partial(changed, "set_attribute", "a", LONG),
        partial(changed, "add_event", "e", {"a": LONG}),
        partial(changed, "update_name", LONG),
    ],
)
def test_a_span_that_differs_from_the_others_of_its_class_is_weighed_by_itself(heavier):
    weights: list[int] = []
    attached(Recorder(lambda one: weights.append(bounded_span(one)[1])))
    for make in (partial(start, "s"), heavier, partial(start, "s")):
        make().end()
    assert weights[0] == weights[2] < weights[1] - 4_000


def test_reading_the_attributes_of_a_span_makes_no_part_of_it():
    read = Recorder(lambda one: (dict(one.attributes), one.dropped_attributes))  # type: ignore[arg-type]
    attached(read)
    with span("s", {"a": 1}) as opened:
        pass
    assert isinstance(opened, FastSpan)
    assert "_lock" not in vars(opened)


@pytest.mark.parametrize("thing", [None, {}, "x", 5, []])
@pytest.mark.parametrize("run", STARTS)
def test_a_call_succeeds_where_the_current_context_is_any_object(run, thing, guarded):
    attached()
    token = context.attach(thing)
    try:
        run()
    finally:
        context.detach(token)


def test_without_a_current_context_a_call_begins_a_trace():
    ended: list[Any] = []
    attached(Recorder(ended.append))
    token = context.attach(None)  # type: ignore[arg-type]
    try:
        call()
        with span("outer"), span("inner"):
            pass
    finally:
        context.detach(token)
    assert [(one.name, one.parent is None) for one in ended] == [
        ("call", True),
        ("inner", False),
        ("outer", True),
    ]
