"""The loggers of the attached provider, for log records and events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from opentelemetry._logs import LoggerProvider, NoOpLogger, NoOpLoggerProvider

from otel_trading._forking import hold_at_fork
from otel_trading._sdk import locks
from otel_trading.recording import SCOPE
from otel_trading.semconv import SCHEMA_URL

# held while the provider makes a logger, so that `is_owned` detects a signal handler that interrupts it
_making: Final = locks.reentrant_lock()
hold_at_fork(_making)


class CurrentLoggers:
    """The loggers of the attached provider; there is one instance.

    Attributes:
        events: The logger of events.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Use a provider that does nothing."""
        self.events: Any = NoOpLogger(SCOPE)
        self.use(NoOpLoggerProvider())

    def use(self, provider: LoggerProvider, wrap: Callable[[Any], Any] = lambda logger: logger) -> None:
        """Get loggers from `provider`, and apply `wrap` to each."""
        self._provider = provider
        self._wrap = wrap
        self._by_name: dict[str, Any] = {}

    def logger(self, name: str) -> Any:
        """Return the logger of a name; the provider makes it at the first call.

        A signal handler that interrupts that first call gets the logger of events: the interrupted thread may
        hold locks of the SDK, and the handler would wait for them forever.
        """
        found = self._by_name.get(name)
        if found is not None:
            return found
        if locks.is_owned(_making):
            return self.events
        with _making:
            found = self._by_name[name] = self._wrap(self._provider.get_logger(name))
        return found


CURRENT: Final = CurrentLoggers()


def attach(provider: LoggerProvider, version: str) -> None:
    """Send events and log records to `provider` from now on.

    Args:
        provider: An SDK logger provider, or another implementation of its API.
        version: The version of this package, for the instrumentation scope of events.
    """
    if type(provider).__module__.startswith("opentelemetry.sdk."):
        from otel_trading.logs import fast_record  # noqa: PLC0415 - imports the SDK

        events = fast_record.fast_logger_for(provider.get_logger(SCOPE, version, schema_url=SCHEMA_URL))
        CURRENT.use(provider, fast_record.fast_logger_for)
    else:
        events = provider.get_logger(SCOPE, version, schema_url=SCHEMA_URL)
        CURRENT.use(provider)
    CURRENT.events = events


def detach() -> None:
    """Make events and log records no-ops again."""
    CURRENT.reset()
