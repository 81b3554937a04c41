"""Observing: a callback that raises, hangs or answers nonsense harms its own instrument only."""

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

_KINDS: Final = ("counter", "up_down_counter", "gauge")
_PATIENCE_S: Final = 1.0


def isolate(provider: MeterProvider) -> MeterProvider:
    """Have a provider give out meters whose callbacks are isolated from each other; returns the provider.

    In the SDK, one callback that calls `sys.exit` ends all exports for good, and one that hangs holds them
    up. Our own callbacks read a number each, and are called as they are. The provider stays one of the SDK's
    own class, which is what the fast histograms ask for.
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
    isolated = [Isolated(name, one) if callable(one) else one for one in callbacks or ()]
    return create(name, isolated, *rest, **more)


class Isolated:
    """A callback that runs on a thread of its own, and is waited for at most a second.

    Args:
        name: The instrument's, for the warning.
        callback: The user's.
    """

    def __init__(self, name: str, callback: Callable[[CallbackOptions], Iterable[Observation]]) -> None:
        self._name = name
        self._callback = callback
        self._result: list[Observation] = []
        self._begin()
        at_fork(in_child=self._begin)  # a call that is under way at the fork ends in the parent

    def _begin(self) -> None:
        self._done = Event()
        self._done.set()

    def __call__(self, options: CallbackOptions) -> list[Observation]:
        """Return what the callback observed, or nothing."""
        if not self._done.is_set():
            return self._failed("still runs since an earlier collection")
        self._done.clear()
        try:
            Thread(target=self._run, args=(options,), name=f"observe {self._name}", daemon=True).start()
        except RuntimeError as error:
            self._done.set()
            return self._failed(str(error))
        if not self._done.wait(_PATIENCE_S):
            return self._failed(f"takes more than {_PATIENCE_S:g} s")
        return self._result

    def _run(self, options: CallbackOptions) -> None:
        try:
            self._result = list(self._callback(options))
        except BaseException as error:  # noqa: BLE001 - anybody's code, and it may say SystemExit
            self._result = self._failed(f"raised {type(error).__name__}: {error}")
        self._done.set()

    def _failed(self, why: str) -> list[Observation]:
        _losses.add("metrics", "callback_failed")
        warn(f"callback:{self._name}", "otel_trading: the callback of %s %s", self._name, why)
        return []
