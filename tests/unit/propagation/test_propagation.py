"""A trace crosses processes in headers and in frames; frames and headers without one are left unchanged."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import baggage, propagate, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from otel_trading.propagation import extract, extract_frames, inject, inject_frames
from otel_trading.propagation.w3c import traceparent
from otel_trading.propagation.zeromq import MAGIC

SENT = SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=TraceFlags(1))
SENDER = trace.set_span_in_context(NonRecordingSpan(SENT), Context())


def ids(context: Context) -> tuple[int, int, bool]:
    found = trace.get_current_span(context).get_span_context()
    return found.trace_id, found.span_id, found.is_remote


def test_headers_carry_the_trace_to_the_next_process():
    headers = inject({"Accept": "json"}, context=SENDER)
    assert headers["traceparent"] == "00-00000000000000000000000000000abc-0000000000000def-01"
    assert ids(extract(headers)) == (0xABC, 0xDEF, True)


def test_without_a_trace_nothing_is_injected():
    assert inject({}, context=Context()) == {}
    assert inject_frames([b"IBM", b"{}"], context=Context()) == [b"IBM", b"{}"]


def test_extraction_ignores_the_current_span():
    with trace.use_span(NonRecordingSpan(SENT)):
        assert ids(extract({})) == (0, 0, False)


@given(st.lists(st.binary(max_size=20), max_size=5))
def test_frames_arrive_as_they_were_sent_with_the_context(frames):
    context, rest = extract_frames(inject_frames(frames, context=SENDER))
    assert rest == frames
    assert ids(context)[:2] == (0xABC, 0xDEF)


def test_the_topic_stays_the_first_frame():
    assert inject_frames([b"IBM", b"body"], context=SENDER)[:2] == [b"IBM", b"body"]


@given(st.lists(st.binary(max_size=40), max_size=4))
def test_frames_without_a_context_pass_through(frames):
    context, rest = extract_frames(frames)
    assert (rest, ids(context)) == (frames, (0, 0, False))


@given(
    st.one_of(
        st.binary(max_size=60),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=5),
            lambda s: st.lists(s) | st.dictionaries(st.text(max_size=3), s),
            max_leaves=5,
        )
        .filter(
            lambda value: not isinstance(value, dict) or any(not isinstance(v, str) for v in value.values())
        )
        .map(lambda value: json.dumps(value).encode()),
        st.just(b"[" * 100_000),
    )
)
def test_a_frame_that_only_looks_like_a_context_stays_a_frame(body):
    frames = [b"topic", MAGIC + body]
    context, rest = extract_frames(frames)
    if body != b"{}":
        assert rest == frames
    assert ids(context) == (0, 0, False)


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=60), max_size=4))
def test_broken_headers_give_no_context(headers):
    headers = {**headers, "traceparent": "00-zz-zz-01"}
    assert ids(extract(headers)) == (0, 0, False)


SPANS = st.builds(
    SpanContext,
    st.integers(0, 2**128 - 1),
    st.integers(0, 2**64 - 1),
    st.booleans(),
    st.sampled_from([TraceFlags(bits) for bits in range(4)]),
    st.sampled_from([TraceState(), TraceState([("vendor", "1")])]),
)


@pytest.mark.parametrize(
    "textmap",
    [
        CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()]),
        CompositePropagator([W3CBaggagePropagator(), TraceContextTextMapPropagator()]),
        CompositePropagator([TraceContextTextMapPropagator()]),
        CompositePropagator([]),
    ],
)
@given(SPANS, st.booleans())
def test_a_frame_holds_the_headers_of_the_global_propagator(textmap, sent, has_baggage):
    context = trace.set_span_in_context(NonRecordingSpan(sent), Context())
    context = baggage.set_baggage("desk", "a b", context) if has_baggage else context
    before = propagate.get_global_textmap()
    propagate.set_global_textmap(textmap)
    try:
        headers = inject({}, context=context)
        frames = inject_frames([b"IBM"], context=context)
    finally:
        propagate.set_global_textmap(before)
    expected = [MAGIC + json.dumps(headers, separators=(",", ":")).encode()] if headers else []
    assert frames == [b"IBM", *expected]


def test_a_propagator_of_the_application_writes_its_own_headers():
    class TraceContextTextMapPropagator:
        """Has the name of OpenTelemetry's class."""

    textmap = CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()])
    assert traceparent(textmap, SENDER) is None
    assert traceparent(object(), SENDER) is None


def test_a_message_with_an_invalid_context_is_sent_without_a_trace(guarded):
    assert inject_frames([b"tick"], context=5) == [b"tick"]  # type: ignore[arg-type]
