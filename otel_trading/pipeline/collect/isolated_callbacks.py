"""Isolated callbacks: a callback that raises, hangs or returns nonsense affects only its own instrument."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from threading import Event, Thread
from typing import Any, Final

from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.sdk.metrics import MeterProvider

from otel_trading import _losses, recording
from otel_trading._forking import at_fork
from otel_trading._guard import warn
from otel_trading.values.text import error_text

_KINDS: Final = ("counter", "up_down_counter", "gauge")
_TIMEOUT_S: Final = 1.0


def isolate(provider: MeterProvider) -> MeterProvider:
    """Isolate the callbacks of all meters that a provider returns from now on.

    In the SDK, one callback that calls `sys.exit` ends all exports for good, and one that hangs blocks them.
    Our own callbacks each read one number and are called directly.

    Args:
        provider: Changed in place, so that its class stays the SDK's, which the fast histograms require.

    Returns:
        The same provider.
    """
    provider.get_meter = partial(_meter, provider.get_meter)  # type: ignore[method-assign]
    return provider


def _meter(get_meter: Callable[..., Meter], name: str, *rest: Any, **more: Any) -> Meter:
    meter = get_meter(name, *rest, **more)
    if name != recording.SCOPE and not hasattr(meter, "otel_trading_isolates"):
        meter.otel_trading_isolates = True  # type: ignore[attr-defined]
        for kind in _KINDS:
            method = f"create_observable_{kind}"
            setattr(meter, method, partial(_create, getattr(meter, method)))
    return meter


def _create(
    create: Callable[..., Any], name: str, callbacks: Sequence[Any] | None = None, *rest: Any, **more: Any
) -> Any:
    isolated = [IsolatedCallback(name, one) if callable(one) else one for one in callbacks or ()]
    return create(name, isolated, *rest, **more)


class IsolatedCallback:
    """Runs a callback on a thread of its own, and waits for it for one second at most.

    Args:
        name: The name of the instrument, for the warning.
        callback: The callback of the user.
    """

    def __init__(self, name: str, callback: Callable[[CallbackOptions], Iterable[Observation]]) -> None:
        self._name = name
        self._callback = callback
        self._result: list[Observation] = []
        self._begin()
        at_fork(in_child=self._begin)  # a call that runs during the fork ends only in the parent

    def _begin(self) -> None:
        self._done = Event()
        self._done.set()

    def __call__(self, options: CallbackOptions) -> list[Observation]:
        """Return the observations of the callback; none if it failed or is late."""
        if not self._done.is_set():
            return self._failed("still runs from an earlier collection")
        self._done.clear()
        try:
            Thread(target=self._run, args=(options,), name=f"observe {self._name}", daemon=True).start()
        except RuntimeError as error:
            self._done.set()
            return self._failed(str(error))
        if not self._done.wait(_TIMEOUT_S):
            return self._failed(f"takes more than {_TIMEOUT_S:g} s")
        return self._result

    def _run(self, options: CallbackOptions) -> None:
        try:
            self._result = list(self._callback(options))
        except BaseException as error:  # noqa: BLE001 - a callback is foreign code, and may raise SystemExit
            self._result = self._failed(f"raised {error_text(error)}")
        self._done.set()

    def _failed(self, reason: str) -> list[Observation]:
        _losses.add("metrics", "callback_failed")
        warn(f"callback:{self._name}", "otel_trading: the callback of %s %s", self._name, reason)
        return []
