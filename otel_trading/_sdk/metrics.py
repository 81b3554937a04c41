"""Histogram streams of the OpenTelemetry SDK: finding them, and adding bucket counts to their aggregations.

The public API records one value at a time, and spends most of its time on the lookup of views, attributes
and the aggregation. `streams_of` does this lookup once per series; `Stream.add` then adds the counts of a
whole interval. `probe` compares the result with the SDK's own for each kind of view.

https://opentelemetry.io/docs/specs/otel/metrics/sdk/ defines views, aggregations and exemplars.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from time import time_ns
from typing import Any, Final

from opentelemetry.context import Context, get_current
from opentelemetry.metrics import Histogram
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, use_span

from otel_trading._sdk.probe import once

Exemplars = Sequence[tuple[float, int, Context]]
"""Recorded values, each with its unix time in nanoseconds and the context it was recorded in."""


Buckets = tuple[list[int], float, float, float, Exemplars]
"""The values of one series in one interval: counts per bucket (one bucket more than there are bounds), their
sum, the smallest value, the largest value, and at most one exemplar per bucket.
"""

Add = Callable[[Any, Buckets], None]
"""Adds bucket counts to an aggregation of one kind."""


class Stream:
    """The place where one view of one reader aggregates one series.

    Args:
        match: The SDK's record of the view and the instrument.
        attributes: The labels of the series.
        key: The key under which the SDK stores the series.
        add: Adds bucket counts to the view's kind of aggregation.
    """

    __slots__ = ("_add", "_aggregation", "_found_in", "_key", "_labels", "_match")

    def __init__(self, match: Any, attributes: Mapping[str, Any], key: Any, add: Add) -> None:
        self._match = match
        self._labels = attributes
        self._key = key
        self._add = add
        self._aggregation: Any = None
        self._found_in: Any = None  # the dictionary that holds the aggregation; the SDK never deletes from it

    def add(self, buckets: Buckets, since: int) -> None:
        """Add the bucket counts of one interval to the series.

        Args:
            buckets: Counted in the buckets of `bounds_of`.
            since: Unix time in nanoseconds at which the interval began; a series that is created now starts
                there, not at this call.
        """
        match = self._match
        # The SDK's `consume_measurement` has the same two cases.
        # Delta: each collection replaces the dictionary of series under the match's lock. Lookup and addition
        # happen under that lock, or the counts could go into a series that was exported already.
        # Cumulative: no series is ever removed, so that lock is needed for the first lookup only. Each
        # aggregation has a lock of its own for the addition.
        if match._reset_on_collect or self._found_in is None:
            with match._lock:
                if match._attributes_aggregation is not self._found_in:
                    self._find(since)
                self._add(self._aggregation, buckets)
        else:
            self._add(self._aggregation, buckets)
        if exemplars := buckets[-1]:
            _offer_exemplars(match, self._labels, self._aggregation, exemplars)

    def _find(self, since: int) -> None:
        found_in = self._match._attributes_aggregation
        self._aggregation = found_in.get(self._key) or self._create(since)
        self._found_in = found_in

    def _create(self, since: int) -> Any:
        match = self._match
        aggregation = match._get_or_create_aggregation(self._key, _kept_by(match, self._labels))
        # beyond the SDK's cardinality limit this is the shared overflow series, which keeps its start time
        is_new = match._attributes_aggregation.get(self._key) is aggregation
        if is_new and match._previous_collection_start_nanos is None and self._add is not _add_nowhere:
            begin = min(aggregation._start_time_unix_nano, aggregation._previous_collection_start_nano, since)
            aggregation._start_time_unix_nano = aggregation._previous_collection_start_nano = begin
        return aggregation


def readers_of(instrument: Any) -> object:
    """Return the readers of an instrument's provider, as an object that is replaced when they change."""
    return instrument._measurement_consumer._reader_storages


def bounds_of(instrument: Histogram) -> tuple[float, ...] | None:
    """Return the union of the bucket bounds of every view of every reader.

    Returns:
        The bounds in ascending order. None if bucket counts cannot feed one of the views, for example an
        exponential histogram.
    """
    bounds: set[float] = set()
    for match in _matches(instrument):
        kind = type(match._aggregation).__name__
        if kind == "_ExplicitBucketHistogramAggregation":
            bounds.update(match._aggregation._boundaries)
        elif kind != "_SumAggregation" and not _is_drop(match._aggregation):
            return None
    return tuple(sorted(bounds))


def streams_of(
    instrument: Histogram, attributes: Mapping[str, Any], bounds: tuple[float, ...]
) -> Iterator[Stream]:
    """Yield the streams of one series.

    Args:
        instrument: A histogram of an SDK meter.
        attributes: The labels of the series.
        bounds: The result of `bounds_of`.
    """
    from opentelemetry.sdk.metrics._internal._view_instrument_match import _hash_attributes  # noqa: PLC0415

    matches = [*_matches(instrument)]
    for match in matches:
        key = _hash_attributes(_kept_by(match, attributes))
        add = _adding_to(match._aggregation, bounds, alone=len(matches) == 1)
        yield Stream(match, attributes, key, add)


def _kept_by(match: Any, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the labels that a view keeps; not stored, since most views keep all."""
    names = match._view._attribute_keys
    return attributes if names is None else {k: v for k, v in attributes.items() if k in names}


def _matches(instrument: Any) -> Iterator[Any]:
    for storage in instrument._measurement_consumer._reader_storages.values():
        yield from storage._get_or_init_view_instrument_match(instrument)


def _adding_to(aggregation: Any, bounds: tuple[float, ...], *, alone: bool) -> Add:
    if _is_drop(aggregation):
        return _add_nowhere
    if type(aggregation).__name__ == "_SumAggregation":
        return _add_to_sum
    boundaries = aggregation._boundaries
    if boundaries == bounds and alone:
        return _add_to_buckets
    return partial(_add_to_own_buckets, [*(bisect_left(boundaries, b) for b in bounds), len(boundaries)])


def _is_drop(aggregation: Any) -> bool:
    return type(aggregation).__name__ == "_DropAggregation"


def _add_nowhere(aggregation: Any, buckets: Buckets) -> None:
    """Do nothing: the view drops its metric."""


def _add_to_sum(aggregation: Any, buckets: Buckets) -> None:
    _, total, *_ = buckets
    with aggregation._lock:
        aggregation._value = (aggregation._value or 0) + total


def _add_to_buckets(aggregation: Any, buckets: Buckets) -> None:
    counts, total, smallest, largest, _ = buckets
    with aggregation._lock:
        if aggregation._value is None:  # the SDK creates the list of counts with the first value
            aggregation._value = counts
        else:
            aggregation._value = [a + b for a, b in zip(aggregation._value, counts, strict=True)]
        aggregation._sum += total
        if aggregation._record_min_max:
            if smallest < aggregation._min:  # noqa: PLR1730 - a comparison is cheaper than a call
                aggregation._min = smallest
            if largest > aggregation._max:  # noqa: PLR1730 - the same
                aggregation._max = largest


def _add_to_own_buckets(slots: list[int], aggregation: Any, buckets: Buckets) -> None:
    """Add to a view with fewer bounds than the cell; `slots` maps a bucket of the cell to one of the view."""
    counts, *others = buckets
    own_counts = [0] * (slots[-1] + 1)
    for slot, count in zip(slots, counts, strict=True):
        own_counts[slot] += count
    _add_to_buckets(aggregation, (own_counts, *others))  # type: ignore[arg-type]


def _offer_exemplars(
    match: Any, attributes: Mapping[str, Any], aggregation: Any, exemplars: Exemplars
) -> None:
    keeps = match._instrument._measurement_consumer._sdk_config.exemplar_filter.should_sample
    for value, time_unix_nano, context in exemplars:
        if keeps(value, time_unix_nano, attributes, context):
            aggregation._reservoir.offer(value, time_unix_nano, attributes, context)


_VALUES: Final = (0.5, 1.5, 9.0)
_BOUNDS: Final = (1.0, 2.0)


@once
def probe() -> bool:
    """Return whether added bucket counts give the same points as the SDK's own recording of the values.

    It tries a view of each kind that bucket counts can feed, on a provider of its own.
    """
    from opentelemetry.sdk.metrics import Histogram as SdkHistogram  # noqa: PLC0415 - the SDK is loaded by now
    from opentelemetry.sdk.metrics import MeterProvider, TraceBasedExemplarFilter  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader  # noqa: PLC0415

    begun = time_ns()
    reader = InMemoryMetricReader(preferred_temporality={SdkHistogram: AggregationTemporality.DELTA})
    provider = MeterProvider(
        [reader],
        views=_probed_views(),
        exemplar_filter=TraceBasedExemplarFilter(),
        shutdown_on_exit=False,
    )
    make, attributes = provider.get_meter("probe").create_histogram, {"kept": "value", "lost": "value"}
    context = SpanContext(trace_id=1, span_id=1, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    with use_span(NonRecordingSpan(context)):
        for view in ("none", "other", "sum", "drop", "label"):
            added = make(f"added.{view}", explicit_bucket_boundaries_advisory=_BOUNDS)
            recorded = make(f"recorded.{view}", explicit_bucket_boundaries_advisory=_BOUNDS)
            _add_values(added, attributes, begun)
            for value in _VALUES:
                recorded.record(value, attributes)
    points = _points_of(reader, begun)
    return bool(points["added"]) and points["added"] == points["recorded"]


def _add_values(instrument: Histogram, attributes: dict[str, Any], begun: int) -> None:
    """Add the probe's values to the streams of an instrument, counted by bucket."""
    bounds = bounds_of(instrument)
    if bounds is None:
        raise TypeError("bucket counts can feed each view of the probe")
    slots = [bisect_left(bounds, value) for value in _VALUES]
    firsts = dict(zip(reversed(slots), reversed(_VALUES), strict=True))  # the first value of each bucket
    buckets = (
        [slots.count(slot) for slot in range(len(bounds) + 1)],
        sum(_VALUES),
        min(_VALUES),
        max(_VALUES),
        [(value, time_ns(), get_current()) for value in firsts.values()],
    )
    for stream in streams_of(instrument, attributes, bounds):
        stream.add(buckets, begun)


def _probed_views() -> list[Any]:
    from opentelemetry.sdk.metrics import view  # noqa: PLC0415

    return [
        view.View(instrument_name="*.other", aggregation=view.ExplicitBucketHistogramAggregation([2])),
        view.View(instrument_name="*.sum", aggregation=view.SumAggregation()),
        view.View(instrument_name="*.drop", aggregation=view.DropAggregation()),
        view.View(instrument_name="*.label", attribute_keys={"kept"}),
    ]


def _points_of(reader: Any, begun: int) -> dict[str, dict[str, list[Any]]]:
    """Collect once, and return the comparable content of the points, by method and view."""
    points: dict[str, dict[str, list[Any]]] = {"added": {}, "recorded": {}}
    for metric in reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics:
        method, _, view = metric.name.partition(".")
        points[method][view] = [_content(point, begun) for point in metric.data.data_points]
    return points


def _content(point: Any, begun: int) -> tuple[Any, ...]:
    names = ("count", "sum", "min", "max", "bucket_counts", "explicit_bounds", "value")
    numbers = [getattr(point, name, None) for name in names]
    began_in_time = begun <= point.start_time_unix_nano < point.time_unix_nano
    return dict(point.attributes), len(point.exemplars), numbers, began_in_time
