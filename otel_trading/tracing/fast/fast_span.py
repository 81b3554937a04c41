"""Fast spans: spans of the SDK that start without the parts that most of them never use.

A `FastSpan` starts without a lock, bounded attributes, events and links. The first call that changes the
span makes these parts, and from then on every method is the SDK's own, so that limits, statuses and
exceptions need no second implementation. `calls` starts and ends the spans.

The private names here are those of the fields of the SDK's `Span`, which a subclass has to fill; `calls` sets
the four that differ from span to span. `probe` compares the spans with the SDK's once, when telemetry is
attached; if they differ, every span is a plain one of the SDK.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from threading import Lock
from types import MappingProxyType
from typing import Any, Final, cast

from opentelemetry import context as context_api
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Span
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Link, SpanKind, Status, StatusCode, get_current_span
from opentelemetry.util.types import AttributeValue

from otel_trading._forking import at_fork
from otel_trading._sdk import spans as sdk
from otel_trading._sdk.attributes import copied
from otel_trading._sdk.contexts import context_variable
from otel_trading.tracing.fast.form import calls, unsampled
from otel_trading.tracing.fast.once import Lazy
from otel_trading.tracing.fast.safe_span import exportable_attributes, safe

Attributes = Mapping[str, AttributeValue]

_NO_ATTRIBUTES: Final[Attributes] = {}


def _changeable_parts(span: Any) -> dict[str, Any]:
    """Return the parts that the SDK's methods need to change a span, by their private names."""
    limits, given = span._limits, span._given
    attributes = copied(given, limits.max_span_attributes, limits.max_span_attribute_length)
    parts = {"_given": attributes, "_events": span._new_events(), "queue_weight": None, "_lock": Lock()}
    if "_links" not in vars(span):  # a span that started with links has them already, within the limits
        parts["_links"] = span._new_links(())
    return parts


def _drawn_context(span: Any) -> dict[str, Any]:
    return {"_context": span._starter.context(span._trace_id, span._parent, 1)}


_CHANGEABLE: Final = Lazy(_changeable_parts)


class FastSpan(safe(Span)):  # type: ignore[misc]
    """A span whose seldom used parts are made when they are first used; made by a `FastTracer`.

    Two attributes are `Lazy`. Reading the lock makes all parts that can change, since every method of the SDK
    that changes a span takes the lock first. Reading the context draws the ids of a span whose end is
    deferred; mostly the delivering thread is the first to read it.
    """

    _lock: Any = _CHANGEABLE
    _context: Any = Lazy(_drawn_context)
    queue_weight: int | None = None
    """The approximate bytes of an unchanged span of a call site: 0 until the pipeline weighs one and sets
    this on the class; None for a span that was changed or has no call site."""
    _trace_id: int | None = None
    _given: Any = None
    """The attributes. The spans of a call site share those of their class until something changes one."""
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
    _submit: Callable[[FastSpan], None]

    @property
    def _attributes(self) -> Any:
        """The attributes under the SDK's name, for its methods and for processors that change them in place.

        The span gets its own first, so that no change reaches the other spans of the call site.
        """
        _CHANGEABLE.made(self)
        return self._given

    @_attributes.setter
    def _attributes(self, value: Any) -> None:
        _CHANGEABLE.made(self)  # a lock made later would replace the value
        self._given = value

    @property
    def attributes(self) -> Any:
        """The attributes, read-only; reading them makes no part of the span."""
        return MappingProxyType(self._given or {})

    @property
    def dropped_attributes(self) -> int:
        """How many attributes the limits dropped."""
        return getattr(self._given, "dropped", 0)

    @classmethod
    def of_site(cls, name: str, kind: SpanKind, attributes: Attributes) -> type[FastSpan]:
        """Return a class of spans that share a name, a kind and attributes."""
        shared = {"_name": name, "_kind": kind, "_given": cls.clean(attributes), "queue_weight": 0}
        return type("FastSpan", (cls,), shared)

    @classmethod
    def clean(cls, attributes: Attributes | None) -> Attributes:
        """Return a copy of attributes as the SDK would store them on a span."""
        plain: Attributes = exportable_attributes(attributes)
        if not plain:
            return _NO_ATTRIBUTES
        most, longest = cls._limits.max_span_attributes, cls._limits.max_span_attribute_length
        fits = longest is None and (most is None or len(plain) <= most)
        if fits and plain is attributes:  # unchanged, so the SDK would not convert or cut a value either
            return dict(plain)
        return BoundedAttributes(most, plain, max_value_len=longest)

    end = calls.end

    def _end_again(self, end_time: int | None) -> None:
        super().end(end_time)  # the SDK's method warns that the span has ended already

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return deepcopy(self._readable_span(), memo)  # the SDK's read-only copy, since a lock has no copy


class FastTracer:
    """Starts the spans of one tracer of the SDK.

    Args:
        tracer: The tracer; its sampler, id generator, limits, resource, scope and processors are used.
        ends: A `DeferredEnds`, which queues ended spans and calls their `deliver` later; without it, the
            processors get each span at once.
    """

    processors_of = sdk.processors_of

    def __init__(self, tracer: Any, ends: Any = None) -> None:
        self._tracer = tracer
        self.bounds = cast("sdk.SampleBounds", sdk.SampleBounds.of(tracer.sampler))
        draws_ids = type(tracer.id_generator) is RandomIdGenerator
        self.ids = None if draws_ids else tracer.id_generator
        self.random = unsampled.RANDOM if tracer.id_generator.is_trace_id_random() else 0
        self.variable = context_variable()
        self._get_context = context_api.get_current if self.variable is None else self.variable.get
        self.processor = tracer.span_processor
        self._before_end = sdk.before_end_of(self.processor)  # once: a lookup per span shows in the bench
        self.defers_ids = ends is not None and draws_ids  # a generator of the user is called at the start
        self._ends = ends
        if ends is not None:
            sdk.set_processors(self.processor, (ends, *self.processors_of(self.processor)))
        self._site = calls.CallSite(lambda base: base)
        self.starter = calls.Starter(self)
        self._refresh()
        at_fork(before=self._draw_current_ids, in_child=self._refresh)  # the child has its own resource

    def close(self) -> None:
        """Deliver the spans whose ends are deferred, and restore the processors of the tracer."""
        if self._ends is not None:
            self._ends.shutdown()
            others = tuple(one for one in self.processors_of(self.processor) if one is not self._ends)
            sdk.set_processors(self.processor, others)

    def _draw_current_ids(self) -> None:
        """Draw the ids of the current span before a fork, so that parent and child report the same ids."""
        get_current_span(self._get_context() or Context()).get_span_context()

    def _refresh(self) -> None:
        self.starter.refresh()

    def read_processors(self) -> tuple[type, Callable[..., None] | None, tuple[Any, ...]]:
        """Read the processors, and choose the methods that have to be called for them.

        Returns:
            The class of the spans; the method to call when a span starts, or None if no processor acts then;
            and the processors.
        """
        processors = self.processors_of(self.processor)
        deliver = self._deliver if sdk.act_before_end(processors) else self.processor.on_end
        shared = {
            "_starter": self.starter,
            "_resource": self._tracer.resource,
            "_instrumentation_scope": sdk.instrumentation_scope(self._tracer),
            "_instrumentation_info": self._tracer.instrumentation_info,
            "_limits": sdk.span_limits(self._tracer),
            "_span_processor": self.processor,
            "deliver": staticmethod(deliver),
            "_submit": staticmethod(deliver if self._ends is None else self._ends.put),
        }
        self._on_start = self.processor.on_start if sdk.act_on_start(processors) else None
        return type("FastSpan", (FastSpan,), shared), self._on_start, processors

    def _deliver(self, span: Any) -> None:
        self._before_end(span)
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
            name: The span's name.
            kind: OpenTelemetry's span kind.
            attributes: The span's attributes.
            context: The context whose current span is the parent; None for the current context. Processors
                get the same argument.
            links: Spans of other traces that led to this one.
            start_time: Unix time in nanoseconds, for a span that started earlier.

        Returns:
            A `FastSpan`, or an `UnsampledSpan`.

        Raises:
            Exception: A processor or an id generator of the user raised it.
        """
        span = self.starter.begin(self._site, self._get_context() if context is None else context)
        if span.__class__ is unsampled.UnsampledSpan:
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
