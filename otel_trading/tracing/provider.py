"""The tracer and the logger that spans and exceptions go to, once a provider is attached."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Token
from typing import TYPE_CHECKING, Final

from opentelemetry import context as context_api
from opentelemetry._logs import Logger, LoggerProvider, NoOpLogger
from opentelemetry.context import Context
from opentelemetry.trace import NoOpTracer, Tracer, TracerProvider

from otel_trading.semconv import SCHEMA_URL
from otel_trading.tracing.fast.form import calls

if TYPE_CHECKING:
    from otel_trading.tracing.fast.deferred import DeferredEnds
    from otel_trading.tracing.fast.fast_span import FastTracer

SCOPE: Final = "otel_trading"


class CurrentTracer:
    """What is attached; one instance, read by attribute at every span.

    Attributes:
        tracer: Starts spans.
        logger: Takes the log records of exceptions.
        fast: Starts them faster, where that is possible.
        ends: Holds the spans that ended and are not delivered yet, where that is deferred.
        get_context: Reads the current context.
        set_context: Makes a context the current one, and returns the token that takes it back.
        reset_context: Takes it back; may raise where the API's own function would write an error.
    """

    __slots__ = ("ends", "fast", "get_context", "logger", "reset_context", "set_context", "tracer")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Go back to a tracer and a logger that do nothing."""
        self.tracer: Tracer = NoOpTracer()
        self.logger: Logger = NoOpLogger(SCOPE)
        self.fast: FastTracer | None = None
        self.ends: DeferredEnds | None = None
        self.get_context: Callable[[], Context] = context_api.get_current
        self.set_context: Callable[[Context], Token[Context]] = context_api.attach
        self.reset_context: Callable[[Token[Context]], None] = context_api.detach


CURRENT: Final = CurrentTracer()


def attach(
    tracer_provider: TracerProvider,
    version: str,
    logger_provider: LoggerProvider | None = None,
    *,
    defer: bool = False,
) -> None:
    """Send spans to `tracer_provider` from now on, and the log records of exceptions to `logger_provider`.

    Args:
        tracer_provider: An SDK tracer provider, or anything that speaks its API.
        version: The version of this package, for the instrumentation scope.
        logger_provider: Where exceptions are logged; without it they stand on spans only.
        defer: Whether ended spans reach the provider's processors on a thread of their own.
    """
    detach()
    CURRENT.tracer = tracer_provider.get_tracer(SCOPE, version, schema_url=SCHEMA_URL)
    if type(tracer_provider).__module__.startswith("opentelemetry.sdk."):
        _go_fast(defer=defer)
    if logger_provider is not None:
        CURRENT.logger = logger_provider.get_logger(SCOPE, version, schema_url=SCHEMA_URL)


def detach() -> None:
    """Make every span a no-op again; ends that are deferred are delivered first."""
    if CURRENT.fast is not None:
        CURRENT.fast.close()
    calls.attach(None)
    CURRENT.reset()


def flush(timeout: float) -> bool:
    """Hand the spans whose end is deferred to the processors.

    Args:
        timeout: Seconds to wait.

    Returns:
        Whether all of them were handed over in time.
    """
    return CURRENT.ends is None or CURRENT.ends.force_flush(int(timeout * 1000))


def _go_fast(*, defer: bool) -> None:
    from otel_trading.tracing.fast import deferred, fast_span, probe  # noqa: PLC0415 - they import the SDK

    if not probe.suits(CURRENT.tracer):
        return
    CURRENT.ends = deferred.DeferredEnds() if defer else None
    CURRENT.fast = fast_span.FastTracer(CURRENT.tracer, CURRENT.ends)
    variable = CURRENT.fast.variable
    if variable is not None:
        calls.attach(CURRENT.fast.starter)
        CURRENT.get_context = variable.get
        CURRENT.set_context = variable.set
        CURRENT.reset_context = variable.reset
