"""Telemetry: the handle that `configure` returns, to flush, read the health, and shut down."""

from __future__ import annotations

import os
from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, Final

from typing_extensions import Self

from otel_trading import _closing, _losses, recording, tracing
from otel_trading._guard import guard
from otel_trading.pipeline.deliver.deadline import StandbyThread, after, left
from otel_trading.pipeline.setup.lifecycle import Lifecycle

if TYPE_CHECKING:
    from otel_trading.pipeline.deliver.health import Health
    from otel_trading.pipeline.setup.providers import Providers


_EXPORT_SHARE: Final = 0.9
"""The share of a shutdown's timeout for exports; the rest is for counting the items they did not export."""


class Telemetry:
    """The telemetry of this process, from `configure` to `shutdown`; also a context manager.

    Args:
        providers: The providers in use, or None if OpenTelemetry is disabled.
        endpoint: The URL that OTLP is sent to, for the health report.
        undo: Reverts the changes that `configure` made to the process; called after the last export.
    """

    def __init__(
        self, providers: Providers | None, endpoint: str | None, undo: Callable[[], None] | None = None
    ) -> None:
        self._providers = providers
        self._endpoint = endpoint
        self._undo = undo
        self._running = providers is not None
        self._closer = StandbyThread(self._close) if self._running else None
        self._until = inf
        self._lifecycle = Lifecycle(self) if self._running else None

    def flush(self, timeout: float = 2.0) -> bool:
        """Export everything that was recorded so far.

        Args:
            timeout: Seconds to wait, over all signals.

        Returns:
            Whether all of it was delivered in time.
        """
        if self._providers is None:
            return True
        deadline = after(timeout)
        passed_on = tracing.flush(left(deadline))
        return self._running and self._providers.flush(deadline) and passed_on

    def shutdown(self, timeout: float = 5.0) -> bool:
        """Run the closing functions of instruments, export everything that was recorded, and stop.

        A second call only waits for the first one and returns the same result. Items that could not be
        exported in time are counted as lost.

        Args:
            timeout: Seconds to wait, over all signals, even if the endpoint does not answer.

        Returns:
            Whether all of it was delivered in time.
        """
        if self._providers is None:
            return True
        if self._closer is None:  # Ctrl-C interrupted an earlier call while it waited
            return False
        is_first, self._running = self._running, False
        if is_first:
            self._until = after(timeout)
        delivered = self._close_on_standby_thread(self._providers, self._closer, timeout)
        if is_first:
            self._undo_changes()
        return delivered

    def _close_on_standby_thread(self, providers: Providers, closer: StandbyThread, timeout: float) -> bool:
        deadline = after(timeout)
        try:
            with providers.locks_released():
                closer.begin(after(timeout * _EXPORT_SHARE))
                return closer.finish(min(deadline, self._until))
        except KeyboardInterrupt:
            self._closer = None
            raise

    def _undo_changes(self) -> None:
        if self._undo is not None:
            with guard("shutdown"):
                self._undo()
        if self._lifecycle is not None:
            self._lifecycle.end()

    def health(self) -> Health:
        """Return the state of telemetry in this process."""
        from otel_trading.pipeline.deliver.health import Health  # noqa: PLC0415 - keeps `import otel_trading` fast

        providers = self._providers
        routes = providers.routes if providers else []
        exposition = providers.exposition if providers else None
        if providers:
            providers.count()
        names = [route.exporter for route in routes] + ["prometheus"] * (exposition is not None)
        return Health(
            service=providers.service if providers else "",
            pid=os.getpid(),
            running=self._running,
            form=recording.FORM,
            exporters=tuple(dict.fromkeys(names)),
            attached_to=dict(providers.owners) if providers else {},
            endpoint=self._endpoint,
            metrics_address=exposition.url if exposition else None,
            routes=tuple(route.health() for route in routes),
            losses=_losses.snapshot(),
        )

    def _close(self, deadline: float) -> bool:
        _closing.run()
        return self._providers is None or self._providers.close(deadline)

    @property
    def running(self) -> bool:
        """Whether telemetry was started and `shutdown` was not called yet."""
        return self._running

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
