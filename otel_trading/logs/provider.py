"""The logger that log records and events go to, once a provider is attached."""

from __future__ import annotations

from typing import Final

from opentelemetry._logs import Logger, LoggerProvider, NoOpLogger, NoOpLoggerProvider

from otel_trading.semconv import SCHEMA_URL

SCOPE: Final = "otel_trading"


class Current:
    """What is attached; one instance."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Go back to a provider that does nothing."""
        self.provider: LoggerProvider = NoOpLoggerProvider()
        self.events: Logger = NoOpLogger(SCOPE)


CURRENT: Final = Current()


def attach(provider: LoggerProvider, version: str) -> None:
    """Send events and log records to `provider` from now on.

    Args:
        provider: An SDK logger provider, or anything that speaks its API.
        version: The version of this package, for the instrumentation scope of events.
    """
    CURRENT.provider = provider
    CURRENT.events = provider.get_logger(SCOPE, version, schema_url=SCHEMA_URL)


def detach() -> None:
    """Make events and log records no-ops again."""
    CURRENT.reset()
