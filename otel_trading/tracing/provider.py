"""The tracer and the logger that spans and exceptions go to, once a provider is attached."""

from __future__ import annotations

from typing import Final

from opentelemetry._logs import Logger, LoggerProvider, NoOpLogger
from opentelemetry.trace import NoOpTracer, Tracer, TracerProvider

from otel_trading.semconv import SCHEMA_URL

SCOPE: Final = "otel_trading"


class Current:
    """What is attached; one instance, read by attribute at every span."""

    __slots__ = ("logger", "tracer")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Go back to a tracer and a logger that do nothing."""
        self.tracer: Tracer = NoOpTracer()
        self.logger: Logger = NoOpLogger(SCOPE)


CURRENT: Final = Current()


def attach(
    tracer_provider: TracerProvider, version: str, logger_provider: LoggerProvider | None = None
) -> None:
    """Send spans to `tracer_provider` from now on, and the log records of exceptions to `logger_provider`.

    Args:
        tracer_provider: An SDK tracer provider, or anything that speaks its API.
        version: The version of this package, for the instrumentation scope.
        logger_provider: Where exceptions are logged; without it they stand on spans only.
    """
    CURRENT.reset()
    CURRENT.tracer = tracer_provider.get_tracer(SCOPE, version, schema_url=SCHEMA_URL)
    if logger_provider is not None:
        CURRENT.logger = logger_provider.get_logger(SCOPE, version, schema_url=SCHEMA_URL)


def detach() -> None:
    """Make every span a no-op again."""
    CURRENT.reset()
