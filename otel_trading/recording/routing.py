"""The route: how the handles' numbers reach one meter provider."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast
from weakref import WeakKeyDictionary

from opentelemetry.metrics import CallbackOptions, Meter, MeterProvider, Observation
from opentelemetry.metrics import Histogram as Instrument

from otel_trading._guard import warn
from otel_trading.recording.cells import Histogram
from otel_trading.recording.handles import BoundMetric, SomeHandle, bound_metrics, connect
from otel_trading.recording.sums import Counter
from otel_trading.semconv import SCHEMA_URL

if TYPE_CHECKING:
    from otel_trading.recording.folding import Folder

T = TypeVar("T")

SCOPE: Final = "otel_trading"
"""The instrumentation scope of everything this package emits."""

SCOPE_OF_PROCESS: Final = f"{SCOPE}.process"
"""The scope of what is asked of the operating system, which knows each process by itself."""


class MeterRoute:
    """Creates the instruments of the metrics that are used, and feeds them from the handles' cells.

    Counters and levels are read by observable instruments, which is public API. Histograms are folded
    (see `folding`), or recorded by their plain instrument where folding does not work.

    A provider keeps its route for life: it takes the callbacks of an observable instrument once, and has no
    use for those of a second route. After `close` the route may be connected and opened again.

    Args:
        provider: Whose readers export the numbers.
        version: The version of this package, for the instrumentation scope.
    """

    def __init__(self, provider: MeterProvider, version: str) -> None:
        self._meter: Meter = provider.get_meter(SCOPE, version, schema_url=SCHEMA_URL)
        self._lock = RLock()
        self._open = False
        self._carried: dict[SomeHandle, Any] = {}
        self._histograms: dict[str, Instrument] = {}
        self._observed: set[str] = set()
        self._folder = _folder(provider, self._meter)

    def connect(self, metric: BoundMetric[Any], attributes: dict[str, Any], handle: SomeHandle) -> None:
        """Switch on `handle`, creating the metric's instrument when it is the first of its metric."""
        with self._lock:
            if metric.definition.kind == "histogram":
                self._connect_histogram(metric, attributes, cast("Histogram", handle))
            else:
                level = cast("Counter", handle)
                level.switch_on()
                if handle in self._carried:
                    level.add(self._carried.pop(handle))
                self._observe(metric)

    def open(self) -> None:
        """Report what is connected."""
        self._open = True

    def close(self) -> None:
        """Report nothing more, even if the provider goes on to collect; call it once the handles are off."""
        self._open = False
        for metric in bound_metrics():
            if metric.definition.kind == "counter":
                self._carried |= {handle: handle.read() for _, handle in metric.series()}
        if self._folder is not None:
            self._folder.close()

    def _connect_histogram(
        self, metric: BoundMetric[Any], attributes: dict[str, Any], handle: Histogram
    ) -> None:
        definition = metric.definition
        instrument = self._histograms.get(definition.name)
        if instrument is None:
            instrument = self._histograms[definition.name] = self._meter.create_histogram(
                definition.name,
                definition.unit,
                definition.description,
                explicit_bucket_boundaries_advisory=definition.boundaries,
            )
        if self._folder is None:
            handle.switch_to(partial(_record_plain, instrument, attributes))
            return
        signed = bool(definition.boundaries) and definition.boundaries[0] < 0  # type: ignore[index]
        self._folder.connect(instrument, attributes, handle, signed=signed)

    def _observe(self, metric: BoundMetric[Any]) -> None:
        definition = metric.definition
        if definition.name in self._observed:
            return
        self._observed.add(definition.name)
        create = {
            "counter": self._meter.create_observable_counter,
            "updowncounter": self._meter.create_observable_up_down_counter,
            "gauge": self._meter.create_observable_gauge,
        }[definition.kind]
        create(definition.name, [partial(self._read, metric)], definition.unit, definition.description)

    def _read(self, metric: BoundMetric[Any], options: CallbackOptions) -> list[Observation]:  # noqa: ARG002
        if not self._open:
            return []
        with metric.lock:  # the states of a status change under this lock
            levels = [(handle.read(), attributes) for attributes, handle in metric.series()]
        return [Observation(value, attributes) for value, attributes in levels if value is not None]


def _record_plain(instrument: Instrument, attributes: dict[str, Any], value: float) -> None:
    instrument.record(value, attributes)


def _folder(provider: MeterProvider, meter: Meter) -> Folder | None:
    """Return what folds the histograms of a meter, or None where that does not work."""
    theirs = (type(one).__module__ for one in (provider, meter))  # a meter is not, where the SDK is disabled
    if not all(module.startswith("opentelemetry.sdk.") for module in theirs):
        return None
    from otel_trading.recording import folding  # noqa: PLC0415 - nothing folds before a provider is attached

    if folding.probe():
        return folding.Folder(meter)
    warn(
        "fold",
        "otel_trading: this release of opentelemetry-sdk is not known to the fast histograms, "
        "so they are recorded by its plain instruments: correct, and slower",
    )
    return None


_route: MeterRoute | None = None
_routes: WeakKeyDictionary[MeterProvider, MeterRoute] = WeakKeyDictionary()
_callbacks: list[Callable[[MeterProvider], None]] = []


def attach(provider: MeterProvider, version: str) -> None:
    """Send every handle's numbers to `provider` from now on.

    They start at zero; a provider that had been attached before goes on from where its counters were.

    Args:
        provider: An SDK meter provider, or anything that speaks its API.
        version: The version of this package.
    """
    global _route
    detach()
    _route = kept_for(provider, _routes, partial(MeterRoute, provider, version))
    connect(_route)
    _route.open()
    for callback in _callbacks:
        callback(provider)


def kept_for(provider: MeterProvider, kept: WeakKeyDictionary[MeterProvider, T], make: Callable[[], T]) -> T:
    """Return what a provider has for life, since it takes the callbacks of an observable instrument once.

    Args:
        provider: Whose it is.
        kept: What the providers have that there are; it keeps none of them alive.
        make: Called where this one has nothing yet.
    """
    try:
        found = kept.get(provider)
    except TypeError:  # one without a hash or weak references, which is known again by nothing
        return make()
    if found is None:
        found = kept[provider] = make()
    return found


def detach() -> None:
    """Make every handle a no-op again."""
    global _route
    connect(None)
    if _route is not None:
        _route.close()
        _route = None


def restart() -> None:
    """Begin every handle at zero again, and every level unknown: what a forked child records is its own."""
    if _route is not None:
        for metric in bound_metrics():
            for _, handle in metric.series():
                if metric.definition.kind == "histogram":
                    cast("Histogram", handle).drain()
                else:
                    cast("Counter", handle).switch_on()


def on_attach(callback: Callable[[MeterProvider], None]) -> None:
    """Have `callback` called with the provider at every `attach`.

    Args:
        callback: Registers metrics that are observed at each collection rather than recorded.
    """
    _callbacks.append(callback)
