"""`traced`: a span, and optionally a duration, for every call of a function."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Mapping
from time import perf_counter
from types import TracebackType
from typing import Any, Final, TypeVar, overload

from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind
from opentelemetry.util.types import AttributeValue

from otel_trading._guard import guard, report
from otel_trading.errors import LabelError, OtelTradingError, nearest
from otel_trading.recording import Histogram, HistogramMetric
from otel_trading.tracing import generators
from otel_trading.tracing.fast.current import with_span
from otel_trading.tracing.fast.form import calls
from otel_trading.tracing.provider import CURRENT
from otel_trading.tracing.spans import SpanScope, close, fail, start_span
from otel_trading.values.error_type import error_type
from otel_trading.values.exportable import named

Function = TypeVar("Function", bound=Callable[..., Any])
Attributes = Mapping[str, AttributeValue]

_IMPLICIT: Final = frozenset({"__class_getitem__", "__init_subclass__"})
"""Names of methods that a class turns into class methods without a decorator."""


@overload
def traced(name: Function, /) -> Function: ...
@overload
def traced(
    name: str | None = None,
    *,
    duration: HistogramMetric | Histogram | None = None,
    attributes: Attributes | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
) -> Callable[[Function], Function]: ...
def traced(
    name: Any = None,
    *,
    duration: HistogramMetric | Histogram | None = None,
    attributes: Attributes | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
) -> Any:
    """Open a span around every call of a function, method, coroutine, generator or async generator.

    The span of a generator lasts from its first step to its end, and is current only while its body runs.
    An exception is recorded on the span and re-raised unchanged.

    Args:
        name: The span's name, without identifiers, so that few different names exist; by default the
            function's qualified name.
        duration: Records the seconds of each call: a bound histogram, or a metric whose labels come from
            `attributes`, and `error.type` from the exception if the call failed.
        attributes: The span's attributes.
        kind: OpenTelemetry's span kind.

    Returns:
        The decorated function, of the same kind; or the decorator, if called with arguments.

    Raises:
        LabelError: `attributes` lacks a label that the metric needs.
        OtelTradingError: The decorated object is not a function.
    """
    if name is not None and not isinstance(name, str):
        return traced(kind=kind)(name)
    given = dict(attributes or {})
    recorded = _Duration(duration, given)
    return lambda function: _decorate(function, lambda own: _Call(name or own, recorded, given, kind))


class _Duration:
    """Records the durations of calls.

    Attributes:
        record: Records the seconds of a call that succeeded; None if durations are not recorded.
    """

    __slots__ = ("_by_error", "record")

    def __init__(self, target: HistogramMetric | Histogram | None, attributes: Attributes) -> None:
        self._by_error: Callable[[str], Histogram] | None = None
        bound: Histogram | None
        if not isinstance(target, HistogramMetric):
            bound = target
        else:
            labels = _labels(target, attributes)
            bound = target.bind(**labels)
            if any(label.key == "error.type" for label in target.definition.labels):
                self._by_error = lambda kind: target.bind(**labels, error_type=kind)
        self.record: Callable[[float], None] | None = None if bound is None else bound.record

    def record_failed(self, seconds: float, error: BaseException) -> None:
        """Record the seconds of a call that raised."""
        if self.record is None:
            return
        if self._by_error is None or isinstance(error, GeneratorExit):
            self.record(seconds)
            return
        with guard("duration of a call that failed"):
            self._by_error(error_type(error)).record(seconds)


def _labels(metric: HistogramMetric, attributes: Attributes) -> dict[str, Any]:
    known = {label.key: label for label in metric.definition.labels}
    missing = [key for key, label in known.items() if label.required and key not in attributes]
    if missing:
        hint = nearest(missing[0], attributes)
        raise LabelError(
            f"traced(duration=...) needs attributes[{missing[0]!r}] for {metric.definition.name}.{hint}"
        )
    return {label.keyword: attributes[key] for key, label in known.items() if key in attributes}


class _Call:
    """The name, attributes and duration that all calls of one decorated function share."""

    __slots__ = ("attributes", "duration", "kind", "name", "site")

    def __init__(self, name: str, duration: _Duration, attributes: Attributes, kind: SpanKind) -> None:
        self.name = named(name)
        self.duration = duration
        self.attributes = attributes
        self.kind = kind
        self.site = calls.CallSite(lambda spans: spans.of_site(self.name, kind, attributes))

    def start(self, around: Context) -> Span:
        """Start the span of one call; its parent is the current span of `around`, the current context."""
        fast = CURRENT.fast
        if fast is None:
            return start_span(self.name, self.attributes, kind=self.kind)
        try:
            span: Span = fast.starter.start(self.site, around)
        except Exception as error:  # noqa: BLE001 - a processor or id generator of the user may raise anything
            report("start of a span", error)
            return INVALID_SPAN
        return span

    def run(self, function: Callable[..., Any], arguments: Any, keywords: Any) -> Any:
        """Call the function inside a span, if `calls` has no starter attached."""
        started = perf_counter()
        with SpanScope(self.start(CURRENT.get_context()), self.kind):
            try:
                result = function(*arguments, **keywords)
            except BaseException as error:
                self.duration.record_failed(perf_counter() - started, error)
                raise
            if self.duration.record is not None:
                self.duration.record(perf_counter() - started)
            return result

    def fail(self, span: Span, seconds: float, error: BaseException) -> None:
        """Record the exception of a call, and the seconds until it was raised."""
        self.duration.record_failed(seconds, error)
        fail(span, error, kind=self.kind)


class _GeneratorScope:
    """The span and the duration of a generator, from its first step to its last."""

    __slots__ = ("_call", "_context", "_span", "_started")

    def __init__(self, call: _Call) -> None:
        self._call = call

    def __enter__(self) -> Context:
        around = CURRENT.get_context()
        self._span = self._call.start(around)
        self._context = with_span(around, self._span)
        self._started = perf_counter()
        return self._context

    def __exit__(
        self,
        error_class: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        seconds = perf_counter() - self._started
        token = CURRENT.set_context(self._context)  # for the ids of the duration's exemplar
        try:
            if error is not None:
                self._call.fail(self._span, seconds, error)
            elif self._call.duration.record is not None:
                self._call.duration.record(seconds)
        finally:
            close(self._span, token)


def _decorate(function: Any, call_of: Callable[[str], _Call]) -> Any:
    if isinstance(function, classmethod | staticmethod):
        return type(function)(_decorate(function.__func__, call_of))
    if not inspect.isroutine(function):
        raise OtelTradingError(
            f"traced decorates a function or method, not {function!r}: decorate what it calls"
        )
    call = call_of(function.__qualname__.replace("<locals>.", ""))
    if inspect.isasyncgenfunction(function):
        return generators.wrap_async(function, lambda: _GeneratorScope(call))
    if inspect.isgeneratorfunction(function):
        steps = generators.wrap(function, lambda: _GeneratorScope(call))
        return types.coroutine(steps) if _is_awaited(function) else steps
    if inspect.iscoroutinefunction(function):
        return _wrap_async(function, call)
    wrapped = calls.wrap(function, call, call.site)
    return _python_function(wrapped) if function.__name__ in _IMPLICIT else wrapped


def _is_awaited(generator_function: Any) -> bool:
    """Return whether `types.coroutine` decorated the function, so that its generators can be awaited."""
    return bool(generator_function.__code__.co_flags & inspect.CO_ITERABLE_COROUTINE)


def _python_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a Cython function in a Python function, because a class converts only those to class methods."""

    @functools.wraps(function)
    def wrapper(*arguments: Any, **keywords: Any) -> Any:
        return function(*arguments, **keywords)

    return wrapper


def _wrap_async(function: Callable[..., Any], call: _Call) -> Callable[..., Any]:
    record = call.duration.record

    @functools.wraps(function)
    async def wrapper(*arguments: Any, **keywords: Any) -> Any:
        around = CURRENT.get_context()
        span = call.start(around)
        token = CURRENT.set_context(with_span(around, span))
        started = perf_counter()
        try:
            result = await function(*arguments, **keywords)
        except BaseException as error:
            try:
                call.fail(span, perf_counter() - started, error)
            finally:
                close(span, token)
            raise
        if record is not None:
            record(perf_counter() - started)
        close(span, token)
        return result

    return wrapper
