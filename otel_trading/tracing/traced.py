"""`traced`: a span, and a duration if you like, for every call of a function."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from time import perf_counter
from types import TracebackType
from typing import Any, TypeVar, overload

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, set_span_in_context
from opentelemetry.util.types import AttributeValue

from otel_trading._guard import guard
from otel_trading.errors import LabelError, OtelTradingError, nearest
from otel_trading.recording import Histogram, HistogramMetric
from otel_trading.tracing import generators
from otel_trading.tracing.spans import end, error_type, fail, start_span

Function = TypeVar("Function", bound=Callable[..., Any])
Attributes = Mapping[str, AttributeValue]


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
    An exception is recorded as what it is and re-raised unchanged.

    Args:
        name: The span's name, low in cardinality; the function's qualified name without it.
        duration: Records the seconds each call took: a bound histogram, or a metric whose labels are
            taken from `attributes`, and `error.type` from the exception if the call failed.
        attributes: The span's attributes.
        kind: OpenTelemetry's span kind.

    Returns:
        The decorated function, of the same kind; or the decorator, if called with arguments.

    Raises:
        LabelError: `attributes` does not give a label that the metric needs.
        OtelTradingError: What is decorated is no function.
    """
    if name is not None and not isinstance(name, str):
        return _decorate(name, _Call(None, _Duration(None, {}), {}, kind))
    given = dict(attributes or {})
    call = _Call(name, _Duration(duration, given), given, kind)
    return lambda function: _decorate(function, call)


class _Duration:
    """Where the seconds of a call go: the histogram of a call that succeeds, and of one that fails."""

    def __init__(self, target: HistogramMetric | Histogram | None, attributes: Attributes) -> None:
        self._by_error: Callable[[str], Histogram] | None = None
        self._succeeded: Histogram | None = None
        if isinstance(target, HistogramMetric):
            labels = _labels(target, attributes)
            self._succeeded = target.bind(**labels)
            if any(label.key == "error.type" for label in target.definition.labels):
                self._by_error = lambda kind: target.bind(**labels, error_type=kind)
        else:
            self._succeeded = target

    def record(self, started: float, error: BaseException | None) -> None:
        """Record the seconds since `started`, a reading of the performance counter."""
        if self._succeeded is None:
            return
        seconds = perf_counter() - started
        if error is None or self._by_error is None or isinstance(error, GeneratorExit):
            self._succeeded.record(seconds)
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
    """What all calls of one decorated function share."""

    def __init__(self, name: str | None, duration: _Duration, attributes: Attributes, kind: SpanKind) -> None:
        self.name = name
        self.duration = duration
        self.attributes = attributes
        self.kind = kind

    def named_for(self, function: Callable[..., Any]) -> _Call:
        """Return the same under the function's qualified name, where none was given."""
        own = function.__qualname__.replace("<locals>.", "")
        return _Call(self.name or own, self.duration, self.attributes, self.kind)


class _Scope:
    """One call: a span and a duration, from here to the end of the block.

    Args:
        call: What is called.
        current: Whether the span is the current one all the while; a generator sees to that itself.
    """

    __slots__ = ("_call", "_context", "_current", "_span", "_started", "_token")

    def __init__(self, call: _Call, *, current: bool) -> None:
        self._call = call
        self._current = current

    def __enter__(self) -> Context:
        call = self._call
        self._span = start_span(str(call.name), call.attributes, kind=call.kind)
        self._context = set_span_in_context(self._span)
        if self._current:
            self._token = otel_context.attach(self._context)
        self._started = perf_counter()
        return self._context

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._current:  # so that the duration's exemplar leads to the span
            self._token = otel_context.attach(self._context)
        self._call.duration.record(self._started, error)
        if error is not None:
            fail(self._span, error, kind=self._call.kind)
        otel_context.detach(self._token)
        end(self._span)


def _decorate(function: Any, call: _Call) -> Any:
    if isinstance(function, classmethod | staticmethod):
        return type(function)(_decorate(function.__func__, call))
    if not inspect.isroutine(function):
        raise OtelTradingError(
            f"traced decorates a function or method, not {function!r}: decorate what it calls"
        )
    call = call.named_for(function)
    if inspect.isasyncgenfunction(function):
        return generators.wrap_async(function, lambda: _Scope(call, current=False))
    if inspect.isgeneratorfunction(function):
        return generators.wrap(function, lambda: _Scope(call, current=False))
    return _wrap_async(function, call) if inspect.iscoroutinefunction(function) else _wrap(function, call)


def _wrap(function: Callable[..., Any], call: _Call) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*arguments: Any, **keywords: Any) -> Any:
        with _Scope(call, current=True):
            return function(*arguments, **keywords)

    return wrapper


def _wrap_async(function: Callable[..., Any], call: _Call) -> Callable[..., Any]:
    @functools.wraps(function)
    async def wrapper(*arguments: Any, **keywords: Any) -> Any:
        with _Scope(call, current=True):
            return await function(*arguments, **keywords)

    return wrapper
