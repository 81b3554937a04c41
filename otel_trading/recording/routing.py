"""The route of the handles' numbers to a meter provider."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast
from weakref import WeakKeyDictionary

from opentelemetry.metrics import CallbackOptions, Meter, MeterProvider, Observation
from opentelemetry.metrics import Histogram as Instrument

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
"""The instrumentation scope of the metrics that the operating system reports about a process."""


class MeterRoute:
    """Creates the instruments of the bound metrics, and feeds them from the handles' cells.

    Observable instruments read counters and levels, through the public API. Histograms are folded (see
    `folding`), or recorded by their plain instrument if folding does not work.

    A provider has one route as long as it lives, because it registers the callbacks of an observable
    instrument only once. After `close` the route may be connected and opened again.

    Args:
        provider: Its readers export the numbers.
        version: The version of this package, for the instrumentation scope.
    """

    def __init__(self, provider: MeterProvider, version: str) -> None:
        self._meter: Meter = provider.get_meter(SCOPE, version, schema_url=SCHEMA_URL)
        self._lock = RLock()
        self._open = False
        self._totals: dict[SomeHandle, Any] = {}  # the counters' last totals, while the route is closed
        self._histograms: dict[str, Instrument] = {}
        self._observed: set[str] = set()
        self._folder = _folder(provider, self._meter)

    def connect(self, metric: BoundMetric[Any], attributes: dict[str, Any], handle: SomeHandle) -> None:
        """Switch on `handle`; the first handle of a metric creates its instrument."""
        with self._lock:
            if metric.definition.kind == "histogram":
                self._connect_histogram(metric, attributes, cast("Histogram", handle))
            else:
                cell = cast("Counter", handle)
                cell.switch_on()
                if handle in self._totals:
                    cell.add(self._totals.pop(handle))
                self._observe(metric)

    def open(self) -> None:
        """Report the numbers of the connected handles."""
        self._open = True

    def close(self) -> None:
        """Report nothing more, even if the provider still collects; switch off the handles before."""
        self._open = False
        for metric in bound_metrics():
            if metric.definition.kind == "counter":
                self._totals |= {handle: handle.read() for _, handle in metric.series()}
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
            handle.switch_to(partial(instrument.record, attributes=attributes))
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
        with metric.lock:  # `StateSet.set` acquires it too
            levels = [(handle.read(), attributes) for attributes, handle in metric.series()]
        return [Observation(value, attributes) for value, attributes in levels if value is not None]


def _folder(provider: MeterProvider, meter: Meter) -> Folder | None:
    """Return a folder for the histograms of a meter, or None if folding does not work."""
    # with OTEL_SDK_DISABLED=true a provider of the SDK returns a meter of the API
    modules = (type(one).__module__ for one in (provider, meter))
    if not all(module.startswith("opentelemetry.sdk.") for module in modules):
        return None
    from otel_trading.recording import folding  # noqa: PLC0415 - no code folds before a provider is attached

    return folding.folder_of(meter)


_route: MeterRoute | None = None
_routes: WeakKeyDictionary[MeterProvider, MeterRoute] = WeakKeyDictionary()
_callbacks: list[Callable[[MeterProvider], None]] = []


def attach(provider: MeterProvider, version: str) -> None:
    """Send every handle's numbers to `provider` from now on.

    They start at zero. For a provider that was attached before, counters continue from their last totals.

    Args:
        provider: An SDK meter provider, or another implementation of its API.
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
    """Return the object of a provider; there is one as long as the provider lives.

    A provider registers the callbacks of an observable instrument only once, so it would never read the
    instruments of a second object.

    Args:
        provider: The owner of the object.
        kept: The objects by provider; the keys are weak references.
        make: Makes the object of a provider that has none yet.
    """
    try:
        found = kept.get(provider)
    except TypeError:  # the provider has no hash or weak reference, so no later call can recognise it
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
    """Set every handle to zero and every level to unknown.

    For a forked child, which reports only its own numbers.
    """
    if _route is not None:
        for metric in bound_metrics():
            for _, handle in metric.series():
                if metric.definition.kind == "histogram":
                    cast("Histogram", handle).drain()
                else:
                    cast("Counter", handle).switch_on()


def on_attach(callback: Callable[[MeterProvider], None]) -> None:
    """Call `callback` with the provider at every `attach`.

    Args:
        callback: Registers metrics that are observed at each collection instead of being recorded.
    """
    _callbacks.append(callback)
