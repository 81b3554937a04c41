"""The tracer and the logger that spans and exceptions go to, once a provider is attached."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Token
from typing import TYPE_CHECKING, Final

from opentelemetry import context as context_api
from opentelemetry._logs import Logger, LoggerProvider, NoOpLogger
from opentelemetry.context import Context
from opentelemetry.trace import NoOpTracer, Tracer, TracerProvider

from otel_trading.recording import SCOPE
from otel_trading.semconv import SCHEMA_URL
from otel_trading.tracing.fast.form import calls

if TYPE_CHECKING:
    from otel_trading.tracing.fast.deferred import DeferredEnds
    from otel_trading.tracing.fast.fast_span import FastTracer


class CurrentTracer:
    """The attached tracer and logger; there is one instance, and every span reads its attributes.

    Attributes:
        tracer: Starts spans.
        logger: Emits the log records of exceptions.
        fast: Starts the tracer's spans faster; None if fast spans are not possible.
        ends: Delivers ended spans on a thread of its own; None if ends are not deferred.
        get_context: Returns the current context.
        set_context: Makes a context the current one, and returns a token for `reset_context`.
        reset_context: Restores the context that was current before the call that returned the token; may
            raise an error that the API's own function would log.
    """

    __slots__ = ("ends", "fast", "get_context", "logger", "reset_context", "set_context", "tracer")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Use a tracer and a logger that do nothing."""
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
        tracer_provider: A tracer provider of the SDK, or of any other implementation of the API.
        version: The version of this package, for the instrumentation scope.
        logger_provider: Receives the log records of exceptions; without it, only spans record exceptions.
        defer: Whether a separate thread passes ended spans to the provider's processors.
    """
    detach()
    CURRENT.tracer = tracer_provider.get_tracer(SCOPE, version, schema_url=SCHEMA_URL)
    if type(tracer_provider).__module__.startswith("opentelemetry.sdk."):
        _attach_fast(defer=defer)
    if logger_provider is not None:
        CURRENT.logger = logger_provider.get_logger(SCOPE, version, schema_url=SCHEMA_URL)


def detach() -> None:
    """Deliver the spans whose ends are deferred, and make every later span a no-op."""
    if CURRENT.fast is not None:
        CURRENT.fast.close()
    calls.attach(None)
    CURRENT.reset()


def flush(timeout: float) -> bool:
    """Deliver the spans whose ends are deferred to the processors.

    Args:
        timeout: Seconds to wait.

    Returns:
        Whether all of these spans were delivered in time.
    """
    return CURRENT.ends is None or CURRENT.ends.force_flush(int(timeout * 1000))


def _attach_fast(*, defer: bool) -> None:
    from otel_trading.tracing.fast import deferred, fast_span, probe  # noqa: PLC0415 - these import the SDK

    if not probe.supports(CURRENT.tracer):
        return
    CURRENT.ends = deferred.DeferredEnds() if defer else None
    CURRENT.fast = fast_span.FastTracer(CURRENT.tracer, CURRENT.ends)
    variable = CURRENT.fast.variable
    if variable is not None:
        calls.attach(CURRENT.fast.starter)
        CURRENT.get_context = variable.get
        CURRENT.set_context = variable.set
        CURRENT.reset_context = variable.reset
