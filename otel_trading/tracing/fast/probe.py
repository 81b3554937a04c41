"""The probe: whether the fast spans are right for a tracer, and for the installed release of the SDK."""

from __future__ import annotations

import functools
import os
from typing import Any, cast

from opentelemetry.context import Context
from opentelemetry.sdk.environment_variables import OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, Tracer, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBasedTraceIdRatio
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, StatusCode, set_span_in_context

from otel_trading._guard import warn
from otel_trading.tracing.fast.fast_span import Attributes, FastTracer, SampleBounds, admits


def suits(tracer: object) -> bool:
    """Say whether a tracer's spans can be fast ones; warns where the release of the SDK is the reason.

    Args:
        tracer: Any tracer.
    """
    if type(tracer) is not Tracer:
        return False
    if probe():
        return admits(tracer)
    warn(
        "fast spans",
        "otel_trading: this release of opentelemetry-sdk is not known to the fast spans, "
        "so its own are used: correct, and slower",
    )
    return False


@functools.cache
def probe() -> bool:
    """Say whether a fast span of the installed SDK tells the same as one of its own."""
    try:
        return _probe()
    except Exception:  # noqa: BLE001 - a private name that is gone may fail in any way
        return False


class _Caught(SpanProcessor):
    """Keeps the spans of the probe."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        """Keep it."""
        self.spans.append(span)


def _probe() -> bool:
    caught, provider = _Caught(), TracerProvider(ALWAYS_ON, Resource({}), shutdown_on_exit=False)
    provider.add_span_processor(caught)
    tracer = cast("Tracer", provider.get_tracer("probe", "1"))
    given: Attributes = {"text": "1", "list": [1]}
    link, fast = Link(SpanContext(1, 2, is_remote=True)), FastTracer(tracer)

    def of_theirs(name: str, context: Context) -> Span:
        return tracer.start_span(name, context, SpanKind.CLIENT, given, [link], 1)

    def of_ours(name: str, context: Context) -> Span:
        return cast("Span", fast.start(name, SpanKind.CLIENT, given, context, links=[link], start_time=1))

    for start in (of_theirs, of_ours):
        parent = start("parent", Context())
        child = start("child", set_span_in_context(parent, Context()))
        child.set_attribute("more", value=True)
        child.add_event("event", {"n": 1}, 2)
        child.set_status(StatusCode.ERROR, "failed")
        child.end(3)
        parent.end(4)
    theirs, ours = caught.spans[:2], caught.spans[2:]
    return _told(*theirs) == _told(*ours) and _knows_tracers(tracer) and _knows_samplers()


def _knows_tracers(tracer: Tracer) -> bool:
    # Whether spans are counted is a matter of the environment, and says nothing about the release.
    return admits(tracer) or OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED in os.environ


def _knows_samplers() -> bool:
    half = SampleBounds.of(ParentBasedTraceIdRatio(0.5))
    return half is not None and (half.root, half.below) == (1 << 63, ((0, 1 << 64), (0, 1 << 64)))


def _told(child: Any, parent: Any) -> list[Any]:
    """What a span and its parent tell, ids left out."""
    told: list[Any] = [child.parent == parent.context, child.context.trace_id == parent.context.trace_id]
    for span in (child, parent):
        context = span.context
        told += [context.is_remote, context.trace_flags, context.trace_state, context.is_valid]
        told += [
            span.name,
            span.kind,
            span.start_time,
            span.end_time,
            dict(span.attributes),
            span.status.status_code,
        ]
        told += [span.status.description, span.resource, span.instrumentation_scope]
        told += [(event.name, event.timestamp, dict(event.attributes)) for event in span.events]
        told += [(one.context, dict(one.attributes)) for one in span.links]
        told += [span.dropped_attributes, span.dropped_events, span.dropped_links]
    return told
