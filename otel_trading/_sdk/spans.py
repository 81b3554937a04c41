"""Private names of the SDK's tracers, samplers and span processors.

`tracing.fast.probe` compares the fast spans, which are built with these functions, with the SDK's own spans.
If the installed release has renamed something, the SDK's own spans are used.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final, cast

from opentelemetry.sdk.trace import SpanLimits, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.sampling import (
    Decision,
    ParentBased,
    Sampler,
    StaticSampler,
    TraceIdRatioBased,
)
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

processors_of: Final = attrgetter("_span_processors")
"""Returns the tuple of processors under one of the SDK's multi-processors; in C, for the hot path."""

_IDLE_STARTS: Final = frozenset(
    {
        SpanProcessor.on_start,
        BatchSpanProcessor.on_start,
        SimpleSpanProcessor.on_start,
    }
)
"""The `on_start` methods of the SDK that do nothing."""


def span_limits(tracer: Any) -> SpanLimits:
    """Return the limits of a tracer of the SDK."""
    return cast("SpanLimits", tracer._span_limits)


def instrumentation_scope(tracer: Any) -> InstrumentationScope:
    """Return the instrumentation scope of a tracer of the SDK."""
    return cast("InstrumentationScope", tracer._instrumentation_scope)


def is_enabled(tracer: Any) -> bool:
    """Return whether the provider's configuration leaves a tracer of the SDK switched on."""
    return bool(tracer._is_enabled())


def counts_spans(tracer: Any) -> bool:
    """Return whether a tracer of the SDK records metrics about its own spans."""
    return type(tracer._tracer_metrics).__name__ != "NoOpTracerMetrics"


def set_processors(multi: Any, processors: tuple[SpanProcessor, ...]) -> None:
    """Replace the processors under one of the SDK's multi-processors.

    Args:
        multi: A `SynchronousMultiSpanProcessor` or `ConcurrentMultiSpanProcessor`.
        processors: In the order of the calls.
    """
    multi._span_processors = processors


def act_on_start(processors: tuple[SpanProcessor, ...]) -> bool:
    """Return whether one of the processors does something when a span starts."""
    return any(_function(one.on_start) not in _IDLE_STARTS for one in processors)


def act_before_end(processors: tuple[SpanProcessor, ...]) -> bool:
    """Return whether one of the processors does something just before a span ends."""
    return any(_function(one._on_ending) is not SpanProcessor._on_ending for one in processors)


def before_end_of(processor: SpanProcessor) -> Callable[[Any], None]:
    """Return the method that a processor wants to be called just before a span ends."""
    return processor._on_ending


def _function(method: Any) -> Any:
    return getattr(method, "__func__", method)


class SampleBounds:
    """A sampler as numbers: a trace is sampled if the lower 64 bits of its id are below a bound.

    Attributes:
        root: The bound of a trace that begins here, from 0 (never) to 2**64 (always).
        below: The bounds below a parent, first by whether it is remote, then by whether it is sampled.
    """

    __slots__ = ("below", "root")

    def __init__(self, root: int, below: tuple[tuple[int, int], tuple[int, int]]) -> None:
        self.root = root
        self.below = below

    @classmethod
    def of(cls, sampler: Sampler) -> SampleBounds | None:
        """Return the numbers of a sampler of the SDK.

        Returns:
            None for any other sampler, which has to be called for each span.
        """
        if type(sampler).should_sample is not ParentBased.should_sample:
            bound = _bound(sampler)
            return None if bound is None else cls(bound, ((bound, bound), (bound, bound)))
        parents = cast("ParentBased", sampler)
        root, *below = (
            _bound(one)
            for one in (
                parents._root,
                parents._local_parent_not_sampled,
                parents._local_parent_sampled,
                parents._remote_parent_not_sampled,
                parents._remote_parent_sampled,
            )
        )
        if root is None or None in below:
            return None
        off, on, remote_off, remote_on = cast("list[int]", below)
        return cls(root, ((off, on), (remote_off, remote_on)))


def _bound(sampler: Sampler) -> int | None:
    method = type(sampler).should_sample
    if method is TraceIdRatioBased.should_sample:
        return cast("TraceIdRatioBased", sampler).bound
    if method is not StaticSampler.should_sample:
        return None
    return {Decision.DROP: 0, Decision.RECORD_AND_SAMPLE: 1 << 64}.get(
        cast("StaticSampler", sampler)._decision
    )
