"""The handle that `configure` returns: flush, ask how it goes, shut down."""

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


_SHARE: Final = 0.9
"""How much of the time of a shutdown exports get."""


class Telemetry:
    """The telemetry of this process, from `configure` to `shutdown`; also a context manager.

    Args:
        providers: What the rooms are attached to, or None where OpenTelemetry is disabled.
        endpoint: Where OTLP goes.
        undo: Takes back what `configure` did to the process, when the last export is over.
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
        """Export what was recorded so far.

        Args:
            timeout: Seconds to wait, over all signals.

        Returns:
            Whether all of it was delivered in time.
        """
        if self._providers is None:
            return True
        deadline = after(timeout)
        handed_on = tracing.flush(left(deadline))
        return self._running and self._providers.flush(deadline) and handed_on

    def shutdown(self, timeout: float = 5.0) -> bool:
        """Run what must happen at the end, export what is there, and stop.

        A second call does nothing but wait for the first, as long as that does, and says what that says. What
        could not be exported in time is counted as lost.

        Args:
            timeout: Seconds to wait, over all signals, whatever the endpoint does.

        Returns:
            Whether all of it was delivered in time.
        """
        if self._providers is None:
            return True
        if self._closer is None:  # somebody waited, and would not any longer
            return False
        is_first, self._running = self._running, False
        if is_first:
            self._until = after(timeout)
        delivered = self._close_aside(self._providers, self._closer, timeout)
        if is_first:
            self._take_back()
        return delivered

    def _close_aside(self, providers: Providers, closer: StandbyThread, timeout: float) -> bool:
        deadline = after(timeout)
        try:
            with providers.let_go():
                closer.begin(after(timeout * _SHARE))  # the rest is for the account of what it gives up
                return closer.finish(min(deadline, self._until))
        except KeyboardInterrupt:
            self._closer = None
            raise

    def _take_back(self) -> None:
        if self._undo is not None:
            with guard("shutdown"):
                self._undo()
        if self._lifecycle is not None:
            self._lifecycle.end()

    def health(self) -> Health:
        """Return the state of telemetry in this process."""
        from otel_trading.pipeline.deliver.health import Health  # noqa: PLC0415 - an import of the package needs none

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
        """Whether `shutdown` is still to come."""
        return self._running

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
