"""Binding: a metric and its labels become a handle, once and at start-up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from threading import Lock
from typing import Any, Final, Generic, Protocol, TypeVar

from otel_trading import _losses
from otel_trading._forking import hold_at_fork
from otel_trading._guard import warn
from otel_trading.errors import LabelError, nearest
from otel_trading.recording.cells import Histogram
from otel_trading.recording.form import CELLS
from otel_trading.recording.sums import Counter, Gauge, UpDownCounter
from otel_trading.semconv.definitions import Label, Metric
from otel_trading.values.numbers import fits_int64
from otel_trading.values.text import bounded

OTHER: Final = "_OTHER"
"""The value of a closed label for every value outside its set, as in `error.type`.

https://opentelemetry.io/docs/specs/semconv/registry/attributes/error/
"""

MAX_SERIES: Final = 2000
"""The most series of a metric, as in the SDK's default; all further series share one overflow series.

https://opentelemetry.io/docs/specs/otel/metrics/sdk/#cardinality-limits
"""

OVERFLOW: Final = {"otel.metric.overflow": True}
"""The attributes of the overflow series; the specification defines the name."""

LabelValue = str | int | bool | Enum | None
Key = tuple[str | int | bool | None, ...]

Handle = TypeVar("Handle", Histogram, Counter, UpDownCounter, Gauge)
SomeHandle = Histogram | Counter | UpDownCounter | Gauge


class StateSet:
    """One level per state: the current state is 1 and the others are 0.

    OpenTelemetry's convention for a status metric:
    https://opentelemetry.io/docs/specs/semconv/how-to-write-conventions/status-metrics/
    """

    def __init__(self, levels: dict[str, UpDownCounter], lock: Lock) -> None:
        self._levels = levels
        self._lock = lock

    def set(self, state: str) -> None:
        """Make `state` the current state; an unknown state changes nothing and is counted.

        Args:
            state: One of the label's values.
        """
        if state not in self._levels:
            _losses.add("metrics", "unknown_state")
            warn(
                f"state:{state}",
                "otel_trading: unknown state %r; allowed: %s",
                state,
                ", ".join(self._levels),
            )
            return
        with self._lock:  # `MeterRoute._read` acquires it too, so a collection never sees two current states
            for name, level in self._levels.items():
                level.set(int(name == state))


class BoundMetric(Generic[Handle]):
    """One metric of the registry; `bind` returns the handles that record it.

    Args:
        definition: Its entry in the registry.
    """

    _make: Callable[[], Handle]

    def __init__(self, definition: Metric) -> None:
        self.definition = definition
        self.lock: Final = Lock()
        self._series: dict[Key, Handle] = {}
        self._connector: Connector | None = None
        _metrics.append(self)
        self.reconnect()

    def bind(self, *args: Any, **labels: Any) -> Handle:
        """Return the handle of one series; the same labels return the same handle.

        Args:
            *args: Must be empty; labels are given by name.
            **labels: The metric's labels by their keywords, as text or as members of their enum.

        Returns:
            A handle that is valid before `configure` and after `shutdown`, too.

        Raises:
            LabelError: A given label is not one of the metric's, or a required label is missing.
        """
        key = self._key(labels) if not args else self._refuse(f"takes its labels by name, not {args!r}")
        handle = self._series.get(key)
        return handle if handle is not None else self._new(key)

    def series(self) -> Iterator[tuple[dict[str, Any], Handle]]:
        """Yield the attributes and the handle of every series bound so far."""
        for key, handle in tuple(self._series.items()):
            yield self._attributes(key), handle

    def reconnect(self) -> None:
        """Connect every handle, present or future, to the current connector."""
        with self.lock:
            self._connector = _connector  # under the lock, so that a handle bound next gets the same one
            for attributes, handle in self.series():
                handle.switch_off()
                if self._connector is not None:
                    self._connector.connect(self, attributes, handle)

    def _new(self, key: Key) -> Handle:
        with self.lock:
            if len(self._series) >= MAX_SERIES and key not in self._series:
                _losses.add("metrics", "cardinality")
                warn(
                    f"cardinality:{self.definition.name}",
                    "otel_trading: %s has more than %d series; %r and later series share one overflow series",
                    self.definition.name,
                    MAX_SERIES,
                    key,
                )
                key = ()
            if key not in self._series:
                handle = self._series[key] = self._make()
                if self._connector is not None:
                    self._connector.connect(self, self._attributes(key), handle)
            return self._series[key]

    def _attributes(self, key: Key) -> dict[str, Any]:
        if not key and self.definition.labels:
            return dict(OVERFLOW)
        pairs = zip(self.definition.labels, key, strict=True)
        return {label.key: value for label, value in pairs if value is not None}

    def _key(self, labels: dict[str, LabelValue]) -> Key:
        known = self.definition.labels
        key = tuple(self.checked_value(label, labels.get(label.keyword)) for label in known)
        if len(labels) > len(known) or not labels.keys() <= {label.keyword for label in known}:
            self._refuse_unknown(labels)
        return key if None not in key else self._complete(key)

    def _complete(self, key: Key) -> Key:
        pairs = zip(self.definition.labels, key, strict=True)
        missing = [label.keyword for label, value in pairs if label.required and value is None]
        if missing:
            self._refuse(f"needs the label {', '.join(missing)}")
        return key

    def checked_value(self, label: Label, given: LabelValue) -> str | int | bool | None:
        """Return the value of a label as it is exported: `_OTHER` for one outside a closed set.

        Args:
            label: A label of this metric.
            given: The value that the caller gave.
        """
        value = given.value if isinstance(given, Enum) else given
        if value is None:
            return None
        if label.values is None:
            return _label_value(value)
        if value in label.values or value == OTHER:
            return str(value)
        _losses.add("metrics", "label_other")
        warn(
            f"label:{label.key}:{self.definition.name}",
            "otel_trading: %s=%r is recorded as %s; allowed: %s.%s",
            label.keyword,
            value,
            OTHER,
            ", ".join(sorted(label.values)),
            nearest(str(value), label.values),
        )
        return OTHER

    def _refuse_unknown(self, labels: Iterable[str]) -> None:
        known = [label.keyword for label in self.definition.labels]
        for name in labels:
            if name not in known:
                self._refuse(f"has no label {name!r}, it has {known}.{nearest(name, known)}")

    def _refuse(self, sentence: str) -> Any:
        raise LabelError(f"{self.definition.name} {sentence}")


class HistogramMetric(BoundMetric[Histogram]):
    """A metric whose handles are histograms."""

    _make = staticmethod(CELLS.histogram)


class CounterMetric(BoundMetric[Counter]):
    """A metric whose handles are counters."""

    _make = staticmethod(CELLS.counter)


class GaugeMetric(BoundMetric[Gauge]):
    """A metric whose handles are gauges."""

    _make = staticmethod(CELLS.gauge)


class UpDownCounterMetric(BoundMetric[UpDownCounter]):
    """A metric whose handles are levels, or the states of a status metric."""

    _make = staticmethod(CELLS.up_down_counter)

    def bind_states(self, state_keyword: str, **labels: Any) -> StateSet:
        """Return the states of a status metric: a series per value of the label `state_keyword`.

        Args:
            state_keyword: The label that holds the state; its values are a closed set.
            **labels: The metric's other labels.

        Returns:
            The states; its `set` chooses the current one.

        Raises:
            LabelError: The metric does not have a label `state_keyword` with a closed set of values, or
                another label is wrong.
        """
        closed = {label.keyword: label.values for label in self.definition.labels if label.values}
        if state_keyword not in closed:
            self._refuse(f"has no closed label {state_keyword!r}, it has {sorted(closed)}")
        states = sorted(closed[state_keyword] - {OTHER})
        return StateSet({s: self.bind(**labels, **{state_keyword: s}) for s in states}, self.lock)


class Connector(Protocol):
    """Connects handles to their export, as `MeterRoute` does for an attached meter provider."""

    def connect(self, metric: BoundMetric[Any], attributes: dict[str, Any], handle: SomeHandle) -> None:
        """Switch on a handle and export it under `attributes` from now on."""


_connector: Connector | None = None
_metrics: list[BoundMetric[Any]] = []


def bound_metrics() -> tuple[BoundMetric[Any], ...]:
    """Return every metric of this process."""
    return tuple(_metrics)


def connect(connector: Connector | None) -> None:
    """Connect every handle, present or future; None switches all of them off."""
    global _connector
    _connector = connector
    for metric in tuple(_metrics):
        metric.reconnect()


class _Locks:
    """The locks of all metrics as one lock, later metrics included.

    It is registered at import and therefore acquired last: a reader that collects before the fork needs these
    locks.
    """

    def __init__(self) -> None:
        self._acquired: list[Lock] = []

    def acquire(self) -> None:
        locks = [metric.lock for metric in _metrics]
        for lock in locks:
            lock.acquire()
        self._acquired = locks

    def release(self) -> None:
        for lock in self._acquired:
            lock.release()


hold_at_fork(_Locks())


def _label_value(value: object) -> str | int | bool:
    """Return a label's value in a form that OTLP can encode; one bad value would fail the whole export."""
    if isinstance(value, int) and fits_int64(value):
        return value
    return bounded(str(value))
