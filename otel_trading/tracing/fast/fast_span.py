"""Fast spans: the SDK's own spans, without what most of them never use.

A `FastSpan` is a span of the SDK that starts without a lock, bounded attributes, events and links. Whatever
touches one of these first makes them, and from then on every method is the SDK's own, so that limits,
statuses and exceptions need no second implementation. `calls` starts and ends them.

This is the module of the room that knows OpenTelemetry's private names; of those, `calls` sets the four that
differ from span to span. `probe` compares the spans with the SDK's once, at attach time, and where they
differ, every span is a plain one of the SDK.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from operator import attrgetter
from threading import Lock
from types import MappingProxyType
from typing import Any, Final, cast

from opentelemetry import context as context_api
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import Context
from opentelemetry.sdk.trace import (
    ConcurrentMultiSpanProcessor,
    Span,
    SpanProcessor,
    SynchronousMultiSpanProcessor,
)
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import (
    Decision,
    ParentBased,
    Sampler,
    StaticSampler,
    TraceIdRatioBased,
)
from opentelemetry.trace import Link, SpanKind, Status, StatusCode, get_current_span
from opentelemetry.util.types import AttributeValue

from otel_trading._forking import at_fork
from otel_trading._sdk.attributes import copied
from otel_trading._sdk.contexts import context_variable
from otel_trading.tracing.fast.form import calls
from otel_trading.tracing.fast.once import ONCE
from otel_trading.tracing.safe_span import exportable_attributes, safe

Attributes = Mapping[str, AttributeValue]

_RANDOM: Final = 2
"""The flag of a trace whose id is random."""

_NOTHING: Final[Attributes] = {}
_QUIET: Final = frozenset({SpanProcessor.on_start, BatchSpanProcessor.on_start, SimpleSpanProcessor.on_start})
"""What need not be called when a span starts, since it does nothing."""


class _Completion:
    """The lock of a span, which is not there before its first use: making it makes the rest as well.

    Every method of the SDK that changes a span takes the lock first.
    """

    def __get__(self, span: Any, owner: type) -> Any:
        with ONCE.lock:
            made = vars(span)
            if "_lock" not in made:
                span._complete()
            return made["_lock"]


class _OwnAttributes:
    """The attributes of a span as its methods, and processors that know the private name, may change them."""

    def __get__(self, span: Any, owner: type) -> Any:
        span._lock  # noqa: B018 - makes them
        return span._given

    def __set__(self, span: Any, value: Any) -> None:
        span._lock  # noqa: B018 - else it would put its own there
        span._given = value


class _LateContext:
    """The context of a span whose end is deferred, drawn when somebody asks: mostly the delivering thread."""

    def __get__(self, span: Any, owner: type) -> Any:
        with ONCE.lock:
            made = vars(span)
            if "_context" not in made:
                made.setdefault("_context", span._starter.context(span._trace_id, span._parent, 1))
            return made["_context"]


class FastSpan(safe(Span)):  # type: ignore[misc]
    """A span whose seldom used parts are made when they are first used; made by a `FastTracer`."""

    _lock: Any = _Completion()
    _context: Any = _LateContext()
    queue_weight: int | None = None
    """About how many bytes an unchanged span of a call site holds: 0 until the pipeline weighs one and sets
    this on the class; None for a span that was changed or has no call site.
    """
    _trace_id: int | None = None
    _attributes: Any = _OwnAttributes()
    _given: Any = None
    """What `_attributes` gives; all spans of a site share theirs until somebody asks for them."""
    _events: Any = ()
    _links: Any = ()
    _status = Status(StatusCode.UNSET)
    _start_time: int | None
    _end_time: int | None = None
    _record_exception = False
    _set_status_on_exception = False
    _record_end_metrics = None
    _limits: Any
    deliver: Callable[[FastSpan], None]
    _hand_on: Callable[[FastSpan], None]

    @property
    def attributes(self) -> Any:
        """The attributes, to be read."""
        return MappingProxyType(self._given or {})

    @property
    def dropped_attributes(self) -> int:
        """How many attributes the limits dropped."""
        return getattr(self._given, "dropped", 0)

    def _complete(self) -> None:
        limits, given = self._limits, self._given
        made: dict[str, Any] = self.__dict__
        attributes = copied(given, limits.max_span_attributes, limits.max_span_attribute_length)
        parts = {"_given": attributes, "_events": self._new_events(), "queue_weight": None}
        if "_links" not in made:  # else it was started with some, or with more than the limits allow
            parts["_links"] = self._new_links(())
        parts["_lock"] = Lock()  # last, since it says that the others are there
        if "_lock" not in made:  # nor did a signal's handler make them meanwhile
            made.update(parts)

    @classmethod
    def of_site(cls, name: str, kind: SpanKind, attributes: Attributes) -> type[FastSpan]:
        """Return a class of spans that have a name, a kind and attributes in common."""
        shared = {"_name": name, "_kind": kind, "_given": cls.clean(attributes), "queue_weight": 0}
        return type("FastSpan", (cls,), shared)

    @classmethod
    def clean(cls, attributes: Attributes | None) -> Attributes:
        """Return a copy of attributes as the SDK would keep them on a span."""
        plain: Attributes = exportable_attributes(attributes)
        if not plain:
            return _NOTHING
        most, longest = cls._limits.max_span_attributes, cls._limits.max_span_attribute_length
        fits = longest is None and (most is None or len(plain) <= most)
        if fits and plain is attributes:  # nothing in it that the SDK would look into
            return dict(plain)
        return BoundedAttributes(most, plain, max_value_len=longest)

    end = calls.end

    def _end_again(self, end_time: int | None) -> None:
        super().end(end_time)  # says that it ended before

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return deepcopy(self._readable_span(), memo)  # as of what the SDK hands to processors: it has no lock


class SampleBounds:
    """A sampler as numbers: a trace is sampled if the lower half of its id is below the bound.

    Attributes:
        root: The bound of a trace that begins here.
        below: The bounds below a parent, by whether it is remote, and whether it is sampled.
    """

    __slots__ = ("below", "root")

    def __init__(self, root: int, below: tuple[tuple[int, int], tuple[int, int]]) -> None:
        self.root = root
        self.below = below

    @classmethod
    def of(cls, sampler: Sampler) -> SampleBounds | None:
        """Return the numbers of a sampler of the SDK, or None where it has to be asked."""
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
    asked = type(sampler).should_sample
    if asked is TraceIdRatioBased.should_sample:
        return cast("TraceIdRatioBased", sampler).bound
    if asked is not StaticSampler.should_sample:
        return None
    return {Decision.DROP: 0, Decision.RECORD_AND_SAMPLE: 1 << 64}.get(
        cast("StaticSampler", sampler)._decision
    )


class FastTracer:
    """Starts the spans of one tracer of the SDK.

    Args:
        tracer: Whose sampler, ids, limits, resource, scope and processors they get.
        ends: Takes the spans that end, and calls their `deliver` later; without it the processors get them
            at once.
    """

    processors_of = attrgetter("_span_processors")

    def __init__(self, tracer: Any, ends: Any = None) -> None:
        self._tracer = tracer
        self.bounds = cast("SampleBounds", SampleBounds.of(tracer.sampler))
        drawn_here = type(tracer.id_generator) is RandomIdGenerator
        self.ids = None if drawn_here else tracer.id_generator
        self.random = _RANDOM if tracer.id_generator.is_trace_id_random() else 0
        self.variable = context_variable()
        self._get_context = context_api.get_current if self.variable is None else self.variable.get
        self.processor = tracer.span_processor
        self.late = ends is not None and drawn_here  # the user's generator is asked at the start
        self._ends = ends
        if ends is not None:
            self.processor._span_processors = (ends, *self.processor._span_processors)
        self._anywhere = calls.CallSite(lambda kind: kind)
        self.starter = calls.Starter(self)
        self._look_again()
        at_fork(before=self._name_current, in_child=self._look_again)  # a child has a resource of its own

    def close(self) -> None:
        """Deliver the spans whose end is deferred, and leave the tracer's processors as they were."""
        if self._ends is not None:
            self._ends.shutdown()
            others = self.processor._span_processors
            self.processor._span_processors = tuple(one for one in others if one is not self._ends)

    def _name_current(self) -> None:
        """Have the ids of the current span drawn, so that both sides of a fork know it by the same."""
        get_current_span(self._get_context() or Context()).get_span_context()

    def _look_again(self) -> None:
        self.starter.look()

    def look(self) -> tuple[type, Callable[..., None] | None, Any]:
        """See which processors there are: those that want to know of starts are called, others are not.

        Returns:
            The class of the spans, what to call when one starts, and the processors.
        """
        seen = self.processors_of(self.processor)
        starts = any(_function(one.on_start) not in _QUIET for one in seen)
        ends = any(_function(one._on_ending) is not SpanProcessor._on_ending for one in seen)
        deliver = self._end if ends else self.processor.on_end
        shared = {
            "_starter": self.starter,
            "_resource": self._tracer.resource,
            "_instrumentation_scope": self._tracer._instrumentation_scope,
            "_instrumentation_info": self._tracer.instrumentation_info,
            "_limits": self._tracer._span_limits,
            "_span_processor": self.processor,
            "deliver": staticmethod(deliver),
            "_hand_on": staticmethod(deliver if self._ends is None else self._ends.put),
        }
        self._on_start = self.processor.on_start if starts else None
        return type("FastSpan", (FastSpan,), shared), self._on_start, seen

    def _end(self, span: Any) -> None:
        self.processor._on_ending(span)
        self.processor.on_end(span)

    def start(
        self,
        name: str,
        kind: SpanKind,
        attributes: Attributes | None,
        context: Context | None,
        *,
        links: Sequence[Link] = (),
        start_time: int | None = None,
    ) -> Any:
        """Start a span.

        Args:
            name: Its name.
            kind: OpenTelemetry's span kind.
            attributes: Its attributes.
            context: Whose current span is the parent; None for the current context, as processors are told.
            links: Spans of other traces that led here.
            start_time: Unix time in nanoseconds, if it started earlier.

        Returns:
            A `FastSpan`, or an `UnsampledSpan`.
        """
        span = self.starter.begin(self._anywhere, self._get_context() if context is None else context)
        if span.__class__ is calls.UnsampledSpan:
            return span
        span._name = name
        span._kind = kind
        span._given = span.clean(attributes)
        if links:
            span._links = span._new_links(links)
        if start_time is not None:
            span._start_time = start_time
        if self._on_start is not None:
            self._on_start(span, parent_context=context)
        return span


def _function(method: Any) -> Any:
    return getattr(method, "__func__", method)


def admits(tracer: Any) -> bool:
    """Say whether the spans of a tracer of the SDK can be fast ones.

    They cannot for a sampler that has to be asked, for a tracer that is switched off or counts its spans,
    and for processors that are not under one of the SDK's own: there the tracer itself is right.
    """
    return (
        SampleBounds.of(tracer.sampler) is not None
        and type(tracer.span_processor) in {SynchronousMultiSpanProcessor, ConcurrentMultiSpanProcessor}
        and type(tracer._tracer_metrics).__name__ == "NoOpTracerMetrics"
        and bool(tracer._is_enabled())
    )
