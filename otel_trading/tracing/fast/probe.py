"""The probe: whether fast spans work for a tracer, and with the installed release of the SDK."""

from __future__ import annotations

import os
from typing import Any, cast

from opentelemetry.context import Context
from opentelemetry.sdk.environment_variables import OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import (
    ConcurrentMultiSpanProcessor,
    ReadableSpan,
    SpanProcessor,
    SynchronousMultiSpanProcessor,
    Tracer,
    TracerProvider,
)
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBasedTraceIdRatio
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, StatusCode, set_span_in_context

from otel_trading._sdk.probe import once, warn_unknown_release
from otel_trading._sdk.spans import SampleBounds, counts_spans, is_enabled
from otel_trading.tracing.fast.fast_span import Attributes, FastTracer


def supports(tracer: object) -> bool:
    """Return whether a tracer's spans can be fast ones; warn if they cannot because of the SDK's release.

    Args:
        tracer: Any tracer.
    """
    if type(tracer) is not Tracer:
        return False
    if works():
        return _is_ordinary(tracer)
    warn_unknown_release("fast spans")
    return False


def _is_ordinary(tracer: Any) -> bool:
    """Return whether fast spans can replace the spans of this tracer of the SDK.

    They cannot if the sampler or the multi-processor is a class of the user, or if the tracer is switched
    off or records metrics about its spans.
    """
    return (
        SampleBounds.of(tracer.sampler) is not None
        and type(tracer.span_processor) in {SynchronousMultiSpanProcessor, ConcurrentMultiSpanProcessor}
        and not counts_spans(tracer)
        and is_enabled(tracer)
    )


@once
def works() -> bool:
    """Return whether a fast span exports the same as a span of the installed SDK."""
    ended, provider = _Ended(), TracerProvider(ALWAYS_ON, Resource({}), shutdown_on_exit=False)
    provider.add_span_processor(ended)
    tracer = cast("Tracer", provider.get_tracer("probe", "1"))
    _start_and_end(tracer)
    theirs, ours = ended.spans[:2], ended.spans[2:]
    return _description(*theirs) == _description(*ours) and _knows_tracers(tracer) and _knows_samplers()


class _Ended(SpanProcessor):
    """Stores the spans of the probe."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        """Store a span."""
        self.spans.append(span)


def _start_and_end(tracer: Tracer) -> None:
    """Run the same steps with spans of the SDK, and then with fast spans."""
    attributes: Attributes = {"text": "1", "list": [1]}
    link, fast = Link(SpanContext(1, 2, is_remote=True)), FastTracer(tracer)

    def of_theirs(name: str, context: Context) -> Span:
        return tracer.start_span(name, context, SpanKind.CLIENT, attributes, [link], 1)

    def of_ours(name: str, context: Context) -> Span:
        started = fast.start(name, SpanKind.CLIENT, attributes, context, links=[link], start_time=1)
        return cast("Span", started)

    for start in (of_theirs, of_ours):
        parent = start("parent", Context())
        child = start("child", set_span_in_context(parent, Context()))
        child.set_attribute("more", value=True)
        child.add_event("event", {"n": 1}, 2)
        child.set_status(StatusCode.ERROR, "failed")
        child.end(3)
        parent.end(4)


def _knows_tracers(tracer: Tracer) -> bool:
    # the environment makes a tracer count its spans, which does not mean that the release is unknown
    return _is_ordinary(tracer) or OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED in os.environ


def _knows_samplers() -> bool:
    half = SampleBounds.of(ParentBasedTraceIdRatio(0.5))
    return half is not None and (half.root, half.below) == (1 << 63, ((0, 1 << 64), (0, 1 << 64)))


def _description(child: Any, parent: Any) -> list[Any]:
    """Return everything that an exporter reads from a span and its parent, except for the ids."""
    read: list[Any] = [child.parent == parent.context, child.context.trace_id == parent.context.trace_id]
    for span in (child, parent):
        context = span.context
        read += [context.is_remote, context.trace_flags, context.trace_state, context.is_valid]
        read += [span.name, span.kind, span.start_time, span.end_time, dict(span.attributes)]
        read += [span.status.status_code, span.status.description, span.resource]
        read += [span.instrumentation_scope]
        read += [(event.name, event.timestamp, dict(event.attributes)) for event in span.events]
        read += [(one.context, dict(one.attributes)) for one in span.links]
        read += [span.dropped_attributes, span.dropped_events, span.dropped_links]
    return read
