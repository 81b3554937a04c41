"""A status: the current state of an instrument, recorded again for every provider attached later."""

from __future__ import annotations

from weakref import WeakSet

from opentelemetry.metrics import MeterProvider

from otel_trading import recording
from otel_trading._forking import renewed_lock
from otel_trading.recording import StateSet


class Status:
    """Keeps the current state, and exports it as 1 and every other state as 0.

    A newly attached provider knows no levels, but a switch or a connection that was built before `configure`
    is already in a state. So each status records its state again at every `attach`.

    Args:
        states: The bound series, one per state.
        initial: The first state.
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
        """Change to `state`, and return whether it differs from the previous state."""
        with self._lock:
            changed = state != self._state
            self._state = state
            self._states.set(state)
        return changed

    def restate(self) -> None:
        """Record the current state again."""
        with self._lock:
            self._states.set(self._state)


_lock = renewed_lock()
_statuses: WeakSet[Status] = WeakSet()


def _restate_all(provider: MeterProvider) -> None:  # noqa: ARG001 - the signature of on_attach
    with _lock:
        statuses = list(_statuses)
    for status in statuses:
        status.restate()


recording.on_attach(_restate_all)
