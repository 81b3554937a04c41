"""Fast spans export the same bytes as the SDK's spans after any sequence of changes."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk import trace as sdk_trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_ON,
    AlwaysRecordSampler,
    ParentBased,
    ParentBasedTraceIdRatio,
    TraceIdRatioBased,
)
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from otel_trading import tracing
from otel_trading.semconv import SCHEMA_URL
from otel_trading.tracing import span, start_span, traced
from otel_trading.tracing.fast.form import calls

Start = Callable[..., Any]


class Ids(IdGenerator):
    """Draws ids from a generator with a seed."""

    def __init__(self, seed: int, *, is_random: bool) -> None:
        self._draw = random.Random(seed)
        self._is_random = is_random

    def generate_trace_id(self) -> int:
        return self._draw.getrandbits(128)

    def generate_span_id(self) -> int:
        return self._draw.getrandbits(64)

    def is_trace_id_random(self) -> bool:
        return self._is_random


class Exported:
    """A provider, and the bytes that its spans are encoded to."""

    def __init__(self, **settings: Any) -> None:
        self._spans = InMemorySpanExporter()
        self.provider = TracerProvider(
            resource=Resource({"service.name": "s"}), shutdown_on_exit=False, **settings
        )
        self.provider.add_span_processor(SimpleSpanProcessor(self._spans))

    @property
    def bytes(self) -> bytes:
        return encode_spans(self._spans.get_finished_spans()).SerializeToString(deterministic=True)

    def sdk(self) -> Start:
        tracer = self.provider.get_tracer("otel_trading", "test", schema_url=SCHEMA_URL)

        def start(name: str, *rest: Any) -> Any:
            attributes, kind, context, links, time = rest
            return tracer.start_span(name, context, kind, attributes, links, time)

        return start

    def ours(self) -> Start:
        tracing.attach(self.provider, "test")

        def start(name: str, *rest: Any) -> Any:
            attributes, kind, context, links, time = rest
            return start_span(name, attributes, kind=kind, context=context, links=links, start_time=time)

        return start


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the clock of the SDK, and ours."""
    monkeypatch.setattr(calls, "_now", lambda: 1_000)
    monkeypatch.setattr(sdk_trace, "time_ns", lambda: 1_000)


# Names and keys that are not empty: the SDK keeps an empty name, and drops an attribute with an empty key and
# warns; this package gives both the name "unnamed".
keys = st.sampled_from(["a", "b", "c", "d", "é"])
names = st.text(min_size=1, max_size=5)
scalars = st.one_of(
    st.text(max_size=6), st.integers(-(2**63), 2**63 - 1), st.floats(), st.booleans(), st.binary(max_size=3)
)
attribute_values = scalars | st.lists(st.text(max_size=6), max_size=3) | st.none()
attributes = st.none() | st.dictionaries(keys, attribute_values, max_size=5)
contexts = st.builds(
    SpanContext,
    st.integers(0, 2**128 - 1),
    st.integers(0, 2**64 - 1),
    st.booleans(),
    st.integers(0, 3).map(TraceFlags),
    st.sampled_from([TraceState(), TraceState([("vendor", "1")])]),
)
links = st.lists(st.builds(lambda c, a: (c, a), contexts, attributes), max_size=3)
kinds = st.sampled_from(SpanKind)
codes = st.sampled_from(StatusCode)
times = st.none() | st.integers(1, 10_000)
descriptions = st.none() | st.text(max_size=5)

changes = st.one_of(
    st.tuples(st.just("set_attribute"), keys, attribute_values),
    st.tuples(st.just("set_attributes"), attributes.map(lambda a: a or {})),
    st.tuples(st.just("add_event"), names, attributes, times),
    st.tuples(st.just("add_link"), contexts, attributes),
    st.tuples(st.just("update_name"), names),
    st.tuples(st.just("set_status"), codes, descriptions),
    st.tuples(st.just("set_status"), st.just(Status(StatusCode.ERROR, "as a status"))),
    st.tuples(st.just("record_exception"), st.just(ValueError("bad")), attributes),
    st.tuples(st.just("end"), times),
)
spans = st.tuples(names, attributes, kinds, links, times, st.lists(changes, max_size=6))
limits = st.none() | st.builds(
    SpanLimits,
    max_events=st.integers(0, 2),
    max_links=st.integers(0, 2),
    max_span_attributes=st.integers(0, 3),
    max_event_attributes=st.integers(0, 2),
    max_link_attributes=st.integers(0, 2),
    max_attribute_length=st.none() | st.integers(0, 4),
)
samplers = st.sampled_from(
    [
        ALWAYS_ON,
        ALWAYS_OFF,
        DEFAULT_ON,
        TraceIdRatioBased(0.5),
        ParentBasedTraceIdRatio(0.5),
        ParentBased(
            ALWAYS_OFF, local_parent_not_sampled=ALWAYS_ON, remote_parent_sampled=TraceIdRatioBased(0.5)
        ),
        AlwaysRecordSampler(ALWAYS_OFF),
    ]
)


def play(start: Start, parent: SpanContext | None, steps: Any) -> list[Any]:
    """Nest the spans of `steps`, change each as its step describes, and return their contexts."""
    context = Context()
    if parent is not None:
        context = trace.set_span_in_context(trace.NonRecordingSpan(parent), context)
    opened = []
    for name, carried, kind, linked, time, todo in steps:
        links = [Link(context, attributes) for context, attributes in linked]
        one = start(name, carried, kind, context, links, time)
        opened.append(one)
        context = trace.set_span_in_context(one, context)
        for method, *arguments in todo:
            getattr(one, method)(*arguments)
    for one in reversed(opened):
        one.end()
    return [one.get_span_context() for one in opened]


@settings(deadline=None)
@given(
    seed=st.integers(0, 1000),
    is_random=st.booleans(),
    sampler=samplers,
    limits=limits,
    parent=st.none() | contexts,
    steps=st.lists(spans, min_size=1, max_size=3),
)
def test_any_changes_to_a_span_export_the_same_bytes_as_with_the_sdk(
    *, seed, is_random, sampler, limits, parent, steps
):
    def exported() -> Exported:
        return Exported(sampler=sampler, span_limits=limits, id_generator=Ids(seed, is_random=is_random))

    sdk, ours = exported(), exported()
    expected = play(sdk.sdk(), parent, steps)
    assert play(ours.ours(), parent, steps) == expected
    assert ours.bytes == sdk.bytes


@settings(deadline=None)
@given(seed=st.integers(0, 1000), steps=st.lists(spans, min_size=1, max_size=3))
def test_the_ids_are_those_that_the_sdk_would_have_drawn(seed, steps):
    sdk, ours = Exported(sampler=ALWAYS_ON), Exported(sampler=ALWAYS_ON)
    random.seed(seed)
    play(sdk.sdk(), None, steps)
    start = ours.ours()
    random.seed(seed)
    play(start, None, steps)
    assert ours.bytes == sdk.bytes


def test_traced_calls_and_spans_export_the_same_bytes_as_with_the_sdk():
    sdk, ours = Exported(sampler=DEFAULT_ON), Exported(sampler=DEFAULT_ON)
    tracer = sdk.provider.get_tracer("otel_trading", "test", schema_url=SCHEMA_URL)
    random.seed(1)
    with tracer.start_as_current_span("outer", attributes={"a": 1}), tracer.start_as_current_span("inner"):
        trace.get_current_span().set_attribute("b", [2])

    @traced("outer", attributes={"a": 1})
    def outer() -> None:
        with span("inner"):
            trace.get_current_span().set_attribute("b", [2])

    tracing.attach(ours.provider, "test")
    random.seed(1)
    outer()
    assert ours.bytes == sdk.bytes
