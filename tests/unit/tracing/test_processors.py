"""A span processor of the user's sees what the SDK would show it, and what it does to a span stays there."""

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


class Asked(Sampler):
    """A sampler of the user's, which is asked for each span."""

    def should_sample(self, parent_context: Any, *told: Any, **more: Any) -> SamplingResult:
        return SamplingResult(Decision.RECORD_AND_SAMPLE)

    def get_description(self) -> str:
        return "Asked"


class Told(SpanProcessor):
    """Notes the parent's context of each span that starts, and does something to those that end."""

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


WAYS = [block, by_hand, call, run_generator, run_coroutine]


@pytest.mark.parametrize("sampler", [ALWAYS_ON, Asked()], ids=["fast", "SDK"])
@pytest.mark.parametrize("way", WAYS)
def test_a_span_below_the_current_context_starts_with_no_context_as_the_sdks_does(way, sampler):
    told = Told()
    provider = attached(told, sampler=sampler)
    with provider.get_tracer("theirs").start_as_current_span("outer"):
        way()
    assert told.contexts == [None, None]


@pytest.mark.parametrize("given", [Context(), trace.set_span_in_context(trace.INVALID_SPAN)])
def test_a_span_below_a_given_context_starts_with_that_one(given):
    told = Told()
    attached(told)
    with span("block", context=given):
        pass
    start_span("by hand", context=given).end()
    assert [one is given for one in told.contexts] == [True, True]


def write(one: Any) -> None:
    one._attributes["written"] = True


def take_out(one: Any) -> None:
    one._attributes.pop("a", None)


def exchange(one: Any) -> None:
    one._attributes = {"exchanged": True}


@traced("first", attributes={"a": 1})
def with_attributes(*, leave: bool) -> None:
    if not leave:
        trace.get_current_span().update_name("changed")


@pytest.mark.parametrize("act", [write, take_out, exchange])
def test_what_a_processor_writes_into_the_attributes_of_a_span_that_ended_stays_there(act):
    acting, exported = Told(lambda one: act(one) if one.name == "first" else None), InMemorySpanExporter()
    attached(acting, SimpleSpanProcessor(exported))
    with span("first"):
        pass
    with span("second"):
        pass
    with_attributes(leave=True)
    with_attributes(leave=False)
    told = [dict(one.attributes or {}) for one in exported.get_finished_spans()]
    after = {write: [{"written": True}, {"a": 1, "written": True}], take_out: [{}, {}]}
    changed, called = after.get(act, [{"exchanged": True}] * 2)
    assert told == [changed, {}, called, {"a": 1}]


def test_what_a_processor_exchanged_at_the_start_is_what_is_changed_later():
    class Exchanging(Told):
        def on_start(self, span: Any, parent_context: Context | None = None) -> None:
            exchange(span)

    exported = InMemorySpanExporter()
    attached(Exchanging(), SimpleSpanProcessor(exported))
    with span("s", {"a": 1}) as opened:
        opened.set_attribute("b", 2)
    assert dict(exported.get_finished_spans()[0].attributes or {}) == {"exchanged": True, "b": 2}


def test_a_processor_may_copy_a_span_that_was_changed():
    copies: list[Any] = []
    attached(Told(lambda one: copies.append(deepcopy(one))))
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


def test_a_provider_whose_processors_are_called_by_a_class_of_the_users_calls_that():
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
    for way in WAYS:
        way()
    told = exported.get_finished_spans()
    assert len(told) == len(WAYS)
    assert all(one.attributes["marked"] for one in told)


LONG = "b" * 5_000


def start(name: str, **attributes: str) -> Any:
    return start_span(name, attributes)


def exchanged_at_the_end() -> Any:
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
        exchanged_at_the_end,
        linked,
        partial(changed, "set_attribute", "a", LONG),
        partial(changed, "add_event", "e", {"a": LONG}),
        partial(changed, "update_name", LONG),
    ],
)
def test_a_span_that_differs_from_the_others_of_its_class_is_weighed_by_itself(heavier):
    weights: list[int] = []
    attached(Told(lambda one: weights.append(bounded_span(one)[1])))
    for make in (partial(start, "s"), heavier, partial(start, "s")):
        make().end()
    assert weights[0] == weights[2] < weights[1] - 4_000


def test_reading_the_attributes_of_a_span_makes_nothing():
    read = Told(lambda one: (dict(one.attributes), one.dropped_attributes))  # type: ignore[arg-type]
    attached(read)
    with span("s", {"a": 1}) as opened:
        pass
    assert isinstance(opened, FastSpan)
    assert "_lock" not in vars(opened)


@pytest.mark.parametrize("thing", [None, {}, "x", 5, []])
@pytest.mark.parametrize("way", WAYS)
def test_whatever_somebody_made_the_current_context_a_call_goes_on(way, thing, guarded):
    attached()
    token = context.attach(thing)
    try:
        way()
    finally:
        context.detach(token)


def test_without_a_current_context_a_call_begins_a_trace():
    ended: list[Any] = []
    attached(Told(ended.append))
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
