"""The fold: bucket counts go into the SDK's own aggregations right before each collection.

This is the only module of the room that touches private names of the OpenTelemetry SDK. `probe()` folds
through each of them once, at attach time, beside the SDK's own recording; where the two differ, every
histogram is recorded by its plain instrument instead, which is slower and otherwise the same.
"""

from __future__ import annotations

import functools
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from threading import Lock
from time import time_ns
from typing import Any, Final

from opentelemetry.metrics import CallbackOptions, Histogram, Meter, Observation
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, use_span

from otel_trading.recording import cells
from otel_trading.recording.cells import Drained, Exemplar

_HOOK_NAME: Final = "otel_trading.fold"

Attributes = dict[str, Any]


class _Stream:
    """Where one reader's view takes a series."""

    __slots__ = ("add", "aggregation", "attributes", "home", "key", "match")

    def __init__(
        self, match: Any, attributes: Attributes, key: Any, add: Callable[[Any, Drained], None]
    ) -> None:
        self.match = match
        self.attributes = attributes
        self.key = key
        self.add = add
        self.home: Any = None  # where the aggregation was found: the SDK never takes one out of there
        self.aggregation: Any = None


class _Entry:
    """A connected cell, and what is known of the way out."""

    __slots__ = ("attributes", "bounds", "cell", "instrument", "signed", "since", "streams")

    def __init__(
        self, instrument: Any, attributes: Attributes, cell: cells.Histogram, signed: bool, since: int
    ) -> None:
        self.instrument = instrument
        self.attributes = attributes
        self.cell = cell
        self.signed = signed
        self.since = since
        self.bounds: tuple[float, ...] | None = None
        self.streams: tuple[_Stream, ...] = ()


class Folder:
    """Knows every connected histogram cell of one meter, and empties them before each collection."""

    def __init__(self, meter: Meter) -> None:
        """Hook into the meter's collections.

        The SDK runs every observable callback before it collects the synchronous instruments, so an
        observable gauge that never observes anything is a public hook for "before each collection".
        """
        self._entries: list[_Entry] = []
        self._lock = Lock()
        self._last_fold = 0
        self._readers: Any = None
        meter.create_observable_gauge(_HOOK_NAME, callbacks=[self._before_collection])

    def connect(
        self, instrument: Histogram, attributes: Attributes, cell: cells.Histogram, *, signed: bool
    ) -> None:
        """Switch `cell` on, and fold it into `instrument` under `attributes` from the next collection on.

        Args:
            instrument: A histogram of an SDK meter.
            attributes: The labels of the series.
            cell: What the handle records into.
            signed: Whether negative values are valid.
        """
        with self._lock:
            entry = _Entry(instrument, attributes, cell, signed, time_ns())
            _follow_readers(entry)
            if not self._entries:
                self._readers = _readers_of(entry)
            self._entries.append(entry)

    def fold(self) -> None:
        """Move what the cells hold into the SDK, for every reader at once."""
        with self._lock:
            last, self._last_fold = self._last_fold, time_ns()
            for entry in self._entries:
                drained = entry.cell.drain()
                if drained is not None:
                    _fold(entry, drained, last)
            if self._entries and _readers_of(self._entries[0]) is not self._readers:
                self._readers = _readers_of(self._entries[0])
                for entry in self._entries:
                    drained = entry.cell.drain()  # right before the switch, which empties the cell
                    if drained is not None:
                        _fold(entry, drained, last)
                    _follow_readers(entry)

    def close(self) -> None:
        """Forget every cell: the next folder drains them."""
        with self._lock:
            self._entries.clear()

    def _before_collection(self, options: CallbackOptions) -> tuple[Observation, ...]:  # noqa: ARG002 - theirs
        self.fold()
        return ()


def _readers_of(entry: _Entry) -> Any:
    """Return the readers there are, which all instruments of a meter share; a change makes another object."""
    return entry.instrument._measurement_consumer._reader_storages


def _follow_readers(entry: _Entry) -> None:
    """Look up the streams of the readers there are, and switch the cell on with the buckets they need."""
    bounds = _bounds_of(entry.instrument)
    if bounds is None:
        entry.cell.switch_to(partial(_record_plain, entry.instrument, entry.attributes))
    elif bounds != entry.bounds:
        entry.cell.switch_on(bounds, signed=entry.signed)
    entry.bounds = bounds
    entry.streams = () if bounds is None else tuple(_streams_of(entry, bounds))


def _record_plain(instrument: Histogram, attributes: Attributes, value: float) -> None:
    instrument.record(value, attributes)


def _bounds_of(instrument: Histogram) -> tuple[float, ...] | None:
    """Return the union of the bounds of every reader's views.

    It is None where a view aggregates in a way that bucket counts cannot feed, as exponential histograms do.
    """
    bounds: set[float] = set()
    for match in _view_matches(instrument):
        kind = type(match._aggregation).__name__
        if kind == "_ExplicitBucketHistogramAggregation":
            bounds.update(match._aggregation._boundaries)
        elif kind != "_SumAggregation" and not _is_drop(match._aggregation):
            return None
    return tuple(sorted(bounds))


def _streams_of(entry: _Entry, bounds: tuple[float, ...]) -> Iterator[_Stream]:
    from opentelemetry.sdk.metrics._internal._view_instrument_match import _hash_attributes  # noqa: PLC0415

    matches = [*_view_matches(entry.instrument)]
    for match in matches:
        kept = match._view._attribute_keys
        attributes = entry.attributes
        if kept is not None:
            attributes = {k: v for k, v in attributes.items() if k in kept}
        way = _way_into(match._aggregation, bounds, alone=len(matches) == 1)
        yield _Stream(match, attributes, _hash_attributes(attributes), way)


def _way_into(aggregation: Any, bounds: tuple[float, ...], *, alone: bool) -> Callable[[Any, Drained], None]:
    if _is_drop(aggregation):
        return _add_nowhere
    if type(aggregation).__name__ == "_SumAggregation":
        return _add_to_sum
    boundaries = aggregation._boundaries
    if boundaries == bounds and alone:
        return _add_to_buckets
    return partial(_add_to_own_buckets, [*(bisect_left(boundaries, b) for b in bounds), len(boundaries)])


def _view_matches(instrument: Any) -> Iterator[Any]:
    for storage in instrument._measurement_consumer._reader_storages.values():
        yield from storage._get_or_init_view_instrument_match(instrument)


def _fold(entry: _Entry, drained: Drained, last_fold: int) -> None:
    for stream in entry.streams:
        match = stream.match
        if match._reset_on_collect or stream.home is None:
            with match._lock:  # a collection that takes the series away waits, or has taken it
                if match._attributes_aggregation is not stream.home:
                    _settle(stream, max(last_fold, entry.since))
                stream.add(stream.aggregation, drained)
        else:  # the series stays, and has a lock of its own
            stream.add(stream.aggregation, drained)
        if drained[4]:
            _offer_exemplars(entry, stream.aggregation, drained[4])


def _settle(stream: _Stream, since: int) -> None:
    """Find the series of a stream, or create it: the first time, and where a delta began anew."""
    home = stream.match._attributes_aggregation
    stream.aggregation = home.get(stream.key) or _create(stream, since)
    stream.home = home


def _create(stream: _Stream, since: int) -> Any:
    """Create a series that begins where its first value may lie, rather than at this fold."""
    match = stream.match
    aggregation = match._get_or_create_aggregation(stream.key, stream.attributes)
    is_new = match._attributes_aggregation.get(stream.key) is aggregation  # and not the overflow's
    if is_new and match._previous_collection_start_nanos is None and stream.add is not _add_nowhere:
        begin = min(aggregation._start_time_unix_nano, aggregation._previous_collection_start_nano, since)
        aggregation._start_time_unix_nano = aggregation._previous_collection_start_nano = begin
    return aggregation


def _is_drop(aggregation: Any) -> bool:
    return type(aggregation).__name__ == "_DropAggregation"


def _add_nowhere(aggregation: Any, drained: Drained) -> None:
    """Do what a view that drops the metric does."""


def _add_to_sum(aggregation: Any, drained: Drained) -> None:
    with aggregation._lock:
        aggregation._value = (aggregation._value or 0) + drained[1]


def _add_to_buckets(aggregation: Any, drained: Drained) -> None:
    counts, total, low, high, _ = drained
    with aggregation._lock:
        if aggregation._value is None:  # as after each collection
            aggregation._value = counts
        else:
            aggregation._value = [a + b for a, b in zip(aggregation._value, counts, strict=True)]
        aggregation._sum += total
        if aggregation._record_min_max:
            if low < aggregation._min:  # noqa: PLR1730 - `min` is a call, and costs one
                aggregation._min = low
            if high > aggregation._max:  # noqa: PLR1730
                aggregation._max = high


def _add_to_own_buckets(slots: list[int], aggregation: Any, drained: Drained) -> None:
    """Add to buckets that each hold one or more of the cell's; `slots` says which holds which."""
    counts = [0] * (slots[-1] + 1)
    for slot, count in zip(slots, drained[0], strict=True):
        counts[slot] += count
    _add_to_buckets(aggregation, (counts, *drained[1:]))


def _offer_exemplars(entry: _Entry, aggregation: Any, exemplars: Sequence[Exemplar]) -> None:
    keeps = entry.instrument._measurement_consumer._sdk_config.exemplar_filter.should_sample
    for value, time_unix_nano, context in exemplars:
        if keeps(value, time_unix_nano, entry.attributes, context):
            aggregation._reservoir.offer(value, time_unix_nano, entry.attributes, context)


@functools.cache
def probe() -> bool:
    """Say whether folding gives what the SDK itself would give, tried once on a provider of its own."""
    try:
        return _probe()
    except Exception:  # noqa: BLE001 - whatever a private name of another release does
        return False


def _probe() -> bool:
    """Record the same values by the fold and by the SDK, under a view of each kind that can be folded."""
    from opentelemetry.sdk.metrics import Histogram as Kind  # noqa: PLC0415 - the SDK is loaded by now
    from opentelemetry.sdk.metrics import MeterProvider, TraceBasedExemplarFilter  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader  # noqa: PLC0415

    begun = time_ns()
    reader = InMemoryMetricReader(preferred_temporality={Kind: AggregationTemporality.DELTA})
    exemplar_filter = TraceBasedExemplarFilter()
    provider = MeterProvider(
        [reader], views=_probed_views(), exemplar_filter=exemplar_filter, shutdown_on_exit=False
    )
    meter = provider.get_meter("probe")
    folder, attributes = Folder(meter), {"kept": "value", "lost": "value"}
    for view in ("none", "other", "sum", "drop", "label"):
        make = partial(meter.create_histogram, explicit_bucket_boundaries_advisory=[1.0, 2.0])
        cell = cells.Histogram()
        folder.connect(make(f"fold.{view}"), attributes, cell, signed=False)
        _record_traced(cell.record)
        _record_traced(partial(_record_plain, make(f"sdk.{view}"), attributes))
    folder.fold()  # here, where a name that is gone raises; the SDK would log it
    if any(entry.bounds is None for entry in folder._entries):
        return False
    metrics = reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics  # type: ignore[union-attr]
    seen = {metric.name: [_shape(point, begun) for point in metric.data.data_points] for metric in metrics}
    folded, recorded = (
        {name.removeprefix(way): shape for name, shape in seen.items() if name.startswith(way)}
        for way in ("fold.", "sdk.")
    )
    return folded == recorded


def _probed_views() -> list[Any]:
    from opentelemetry.sdk.metrics import view  # noqa: PLC0415

    return [
        view.View(instrument_name="*.other", aggregation=view.ExplicitBucketHistogramAggregation([2])),
        view.View(instrument_name="*.sum", aggregation=view.SumAggregation()),
        view.View(instrument_name="*.drop", aggregation=view.DropAggregation()),
        view.View(instrument_name="*.label", attribute_keys={"kept"}),
    ]


def _record_traced(record: Callable[[float], None]) -> None:
    """Record a few values inside a sampled span, so that exemplars are kept."""
    context = SpanContext(trace_id=1, span_id=1, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    with use_span(NonRecordingSpan(context)):
        for value in (0.5, 1.5, 9.0):
            record(value)


def _shape(point: Any, begun: int) -> tuple[Any, ...]:
    names = ("count", "sum", "min", "max", "bucket_counts", "explicit_bounds", "value")
    numbers = [getattr(point, name, None) for name in names]
    since_begun = begun <= point.start_time_unix_nano < point.time_unix_nano
    return dict(point.attributes), len(point.exemplars), numbers, since_begun
