"""The fold: bucket counts go into the SDK's own aggregations right before each collection.

This is the only module that touches private names of the OpenTelemetry SDK. `probe()` records through
them once, at attach time; where that does not give the SDK's own result, every histogram is recorded by
its plain instrument instead, which is slower and otherwise the same.
"""

from __future__ import annotations

import functools
from bisect import bisect_left
from collections.abc import Iterator
from threading import Lock
from typing import Any, Final, NamedTuple

from opentelemetry.metrics import CallbackOptions, Histogram, Meter, Observation

from otel_trading.recording.cells import Drained, HistogramCell

_HOOK_NAME: Final = "otel_trading.fold"

Attributes = dict[str, Any]


class _Entry(NamedTuple):
    instrument: Any
    attributes: Attributes
    bounds: tuple[float, ...]
    cell: HistogramCell


class Folder:
    """Knows every connected histogram cell of one meter, and empties them before each collection."""

    def __init__(self, meter: Meter) -> None:
        """Hook into the meter's collections.

        The SDK runs every observable callback before it collects the synchronous instruments, so an
        observable gauge that never observes anything is a public hook for "before each collection".
        """
        self._entries: list[_Entry] = []
        self._lock = Lock()
        meter.create_observable_gauge(_HOOK_NAME, callbacks=[self._before_collection])

    def add(
        self, instrument: Histogram, attributes: Attributes, bounds: tuple[float, ...], cell: HistogramCell
    ) -> None:
        """Fold `cell` into `instrument` under `attributes` from the next collection on."""
        with self._lock:
            self._entries.append(_Entry(instrument, attributes, bounds, cell))

    def fold(self) -> None:
        """Move what the cells hold into the SDK, for every reader at once."""
        with self._lock:
            for entry in self._entries:
                drained = entry.cell.drain()
                if drained is not None:
                    _fold(entry, drained)

    def close(self) -> None:
        """Forget every cell: the next folder drains them."""
        with self._lock:
            self._entries.clear()

    def _before_collection(self, options: CallbackOptions) -> tuple[Observation, ...]:  # noqa: ARG002 - theirs
        self.fold()
        return ()


def bounds_of(instrument: Histogram) -> tuple[float, ...] | None:
    """Return the bounds a cell needs: the union over every reader's views.

    Args:
        instrument: A histogram of an SDK meter.

    Returns:
        Ascending upper bounds, or None where a view aggregates in a way that bucket counts cannot feed,
        such as an exponential histogram.
    """
    bounds: set[float] = set()
    for match in _view_matches(instrument):
        kind = type(match._aggregation).__name__
        if kind == "_ExplicitBucketHistogramAggregation":
            bounds.update(match._aggregation._boundaries)
        elif kind not in {"_DropAggregation", "_SumAggregation"}:
            return None
    return tuple(sorted(bounds))


def _view_matches(instrument: Any) -> Iterator[Any]:
    for storage in instrument._measurement_consumer._reader_storages.values():
        yield from storage._get_or_init_view_instrument_match(instrument)


def _fold(entry: _Entry, drained: Drained) -> None:
    for match in _view_matches(entry.instrument):
        kept = match._view._attribute_keys
        attributes = (
            entry.attributes if kept is None else {k: v for k, v in entry.attributes.items() if k in kept}
        )
        with match._lock:
            aggregation = match._get_or_create_aggregation(_hash(attributes), dict(attributes))
            _fold_into(aggregation, entry.bounds, drained)
        _offer_exemplars(entry, aggregation, drained)


def _fold_into(aggregation: Any, bounds: tuple[float, ...], drained: Drained) -> None:
    kind = type(aggregation).__name__
    if kind == "_DropAggregation":
        return
    with aggregation._lock:
        if kind == "_SumAggregation":
            aggregation._value = (aggregation._value or 0) + drained.total
            return
        counts = aggregation._value or aggregation._get_empty_bucket_counts()
        aggregation._value = _add_counts(counts, aggregation._boundaries, bounds, drained.counts)
        aggregation._sum += drained.total
        if aggregation._record_min_max:
            aggregation._min = min(aggregation._min, drained.low)
            aggregation._max = max(aggregation._max, drained.high)


def _add_counts(
    into: list[int], boundaries: tuple[float, ...], bounds: tuple[float, ...], counts: list[int]
) -> list[int]:
    """Add counts under `bounds` to counts under `boundaries`, which are some or all of them."""
    if boundaries == bounds:
        return [a + b for a, b in zip(into, counts, strict=True)]
    for slot, count in enumerate(counts):
        wider = bisect_left(boundaries, bounds[slot]) if slot < len(bounds) else len(boundaries)
        into[wider] += count
    return into


def _offer_exemplars(entry: _Entry, aggregation: Any, drained: Drained) -> None:
    keeps = entry.instrument._measurement_consumer._sdk_config.exemplar_filter.should_sample
    for value, time_unix_nano, context in drained.exemplars:
        if keeps(value, time_unix_nano, entry.attributes, context):
            aggregation._reservoir.offer(value, time_unix_nano, entry.attributes, context)


def _hash(attributes: Attributes) -> Any:
    from opentelemetry.sdk.metrics._internal._view_instrument_match import _hash_attributes  # noqa: PLC0415

    return _hash_attributes(attributes)


@functools.cache
def probe() -> bool:
    """Say whether folding gives what the SDK itself would give, tried once on a provider of its own."""
    try:
        return _probe()
    except Exception:  # noqa: BLE001 - whatever a private name of another release does
        return False


def _probe() -> bool:
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415 - the SDK is loaded by now
    from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader  # noqa: PLC0415

    reader = InMemoryMetricReader()
    meter = MeterProvider([reader], shutdown_on_exit=False).get_meter("probe")
    instrument = meter.create_histogram("probe", explicit_bucket_boundaries_advisory=[1.0, 2.0])
    folder, cell = Folder(meter), HistogramCell()
    bounds = bounds_of(instrument)
    if bounds is None:
        return False
    cell.switch_on(bounds, signed=False)
    folder.add(instrument, {"key": "value"}, bounds, cell)
    for value in (0.5, 1.5, 9.0):
        cell.record(value)
    data = reader.get_metrics_data()
    if data is None:
        return False
    point = data.resource_metrics[0].scope_metrics[0].metrics[0].data.data_points[0]
    if not isinstance(point, HistogramDataPoint):
        return False
    seen = (
        point.count,
        point.sum,
        point.min,
        point.max,
        tuple(point.bucket_counts),
        dict(point.attributes or {}),
    )
    return seen == (3, 11.0, 0.5, 9.0, (1, 1, 1), {"key": "value"})
