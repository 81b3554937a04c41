"""A status: the one state an instrument is in, told again to every provider that is attached later."""

from __future__ import annotations

from weakref import WeakSet

from opentelemetry.metrics import MeterProvider

from otel_trading import recording
from otel_trading._forking import renewed_lock
from otel_trading.recording import StateSet


class Status:
    """Holds the current state and exports it as one 1 among zeros.

    Levels start unknown at every `attach`, but a switch or a connection that was built before `configure`
    is in some state all the same.

    Args:
        states: The bound series of the status.
        initial: The state it starts in.
    """

    def __init__(self, states: StateSet, initial: str) -> None:
        self._states = states
        self._lock = renewed_lock()
        self._state = initial
        states.set(initial)
        with _lock:
            _statuses.add(self)

    @property
    def state(self) -> str:
        """The current state."""
        return self._state

    def change(self, state: str) -> bool:
        """Go to `state`, and say whether that is another one than before."""
        with self._lock:
            changed = state != self._state
            self._state = state
            self._states.set(state)
        return changed

    def restate(self) -> None:
        """Tell the current state once more."""
        with self._lock:
            self._states.set(self._state)


_lock = renewed_lock()
_statuses: WeakSet[Status] = WeakSet()


def _restate_all(provider: MeterProvider) -> None:  # noqa: ARG001 - what on_attach calls with
    with _lock:
        statuses = list(_statuses)
    for status in statuses:
        status.restate()


recording.on_attach(_restate_all)
