"""Series: the points of a metric over time, and the distributions and increases between points."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, NamedTuple

from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

from otel_trading.ops.viewer.records import Attributes

_EXEMPLARS: Final = 64
_DELTA: Final = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
_NS: Final = 1e9
_FRESH: Final = 60.0
"""Seconds since its start within which a new counter counts as started at 0.

The store has not seen the growth of an older one.
"""


class Point(NamedTuple):
    """The state of a series at one time.

    Attributes:
        time: The time in unix seconds.
        value: The value of a counter or gauge; the sum of a histogram.
        recorded: The number of values in a histogram; 0 for other kinds.
        buckets: The counts of a histogram's buckets; empty for other kinds.
    """

    time: float
    value: float
    recorded: int
    buckets: Sequence[int]


@dataclass
class Series:
    """One series: its last value, and its points in the store.

    Attributes:
        value: The last value of a counter or gauge; the sum of a histogram.
        count: The number of values in a histogram; 0 for other kinds.
        exemplars: The last trace ids of the exemplars of all points, newest last.
        bounds: The boundaries of a histogram's buckets.
        points: The points, oldest first; the last one has the values of `value` and `count`.
    """

    service: str
    name: str
    unit: str
    attributes: Attributes
    value: float = 0.0
    count: int = 0
    exemplars: deque[str] = field(default_factory=lambda: deque(maxlen=_EXEMPLARS))
    bounds: tuple[float, ...] = ()
    points: deque[Point] = field(default_factory=deque)

    def add(self, point: Any, temporality: int = 0, *, grows: bool = False) -> None:
        """Add a data point; a delta is added to the last value.

        Args:
            point: The OTLP data point of any kind of metric.
            temporality: The aggregation temporality of the metric; 0 for a gauge.
            grows: Whether the metric counts from zero at the start time of the point.
        """
        self.exemplars.extend(e.trace_id.hex() for e in getattr(point, "exemplars", ()) if e.trace_id)
        value, count, buckets = _read(point)
        # The page works on cumulative values, so a delta is added to the last value:
        # https://opentelemetry.io/docs/specs/otel/metrics/data-model/#temporality
        if temporality == _DELTA:
            value, count = value + self.value, count + self.count
            before = self.points[-1].buckets if self.points else ()
            if len(before) == len(buckets):
                buckets = array("Q", map(sum, zip(before, buckets, strict=True)))
        if buckets:
            self.bounds = tuple(point.explicit_bounds)
        self.value, self.count = value, count
        time, start = point.time_unix_nano / _NS, point.start_time_unix_nano / _NS
        # A first point alone has no increase. The start time of a young counter supplies the point at zero.
        if grows and not self.points and time - start < _FRESH:
            self.points.append(Point(start, 0.0, 0, ()))
        self.points.append(Point(time, value, count, buckets))

    def since(self, time: float) -> list[Point]:
        """Return the points since `time`, and the last point before it for the first difference."""
        points = list(self.points)
        first = bisect_right(points, time, key=lambda point: point.time)
        return points[max(0, first - 1) :]


def _read(point: Any) -> tuple[float, int, Sequence[int]]:
    if hasattr(point, "as_double"):
        return (point.as_int if point.HasField("as_int") else point.as_double), 0, ()
    return point.sum, point.count, array("Q", getattr(point, "bucket_counts", ()))


def increase(points: Sequence[Point]) -> float:
    """Return the increase of a counter; a smaller value than before is a restart from zero."""
    return sum(b.value - a.value if b.value >= a.value else b.value for a, b in pairwise(points))


@dataclass(frozen=True)
class Distribution:
    """The values that a histogram recorded in a period.

    Attributes:
        bounds: The boundaries of the buckets.
        counts: The number of values in each bucket; one bucket more than boundaries.
        total: The sum of the values.
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float

    @property
    def count(self) -> int:
        """The number of values."""
        return sum(self.counts)

    @property
    def mean(self) -> float | None:
        """The mean of the values; None without a value."""
        return self.total / self.count if self.count else None

    def quantile(self, share: float) -> float | None:
        """Return a quantile, interpolated linearly within its bucket as Prometheus does.

        Args:
            share: The share of values below the quantile, from 0 to 1.

        Returns:
            The quantile; the highest boundary if the quantile is beyond it; None without a value.
        """
        wanted, seen = share * self.count, 0
        if not self.count or not self.bounds:
            return None
        for slot, count in enumerate(self.counts[:-1]):
            if count and seen + count >= wanted:
                upper = self.bounds[slot]
                lower = self.bounds[slot - 1] if slot else min(0.0, upper)
                return lower + (upper - lower) * (wanted - seen) / count
            seen += count
        return self.bounds[-1]

    def is_beyond(self, value: float | None) -> bool:
        """Return whether a quantile is beyond the highest boundary, so that its value is unknown."""
        return bool(self.bounds) and value == self.bounds[-1] and self.counts[-1] > 0

    def within(self, boundary: float) -> float | None:
        """Return the share of values up to a boundary; None without a value.

        Args:
            boundary: One of `bounds`, such as an objective.
        """
        slots = bisect_right(self.bounds, boundary)
        return sum(self.counts[:slots]) / self.count if self.count else None


def distribution(series: Iterable[Series], since: float) -> Distribution:
    """Return the distribution of the values that the histograms of one metric recorded.

    Args:
        series: The series; those with other boundaries than the first one are ignored.
        since: The begin of the period in unix seconds; 0 for all values.
    """
    return _added(
        (one.bounds, before, after)
        for one in series
        for before, after in pairwise([_ZERO, *one.points] if not since else one.since(since))
    )


def between(series: Iterable[Series], begin: float, end: float) -> Distribution:
    """Return the distribution of the values recorded between two times, in unix seconds."""
    return _added(
        (one.bounds, before, after)
        for one in series
        for before, after in pairwise([point for point in one.since(begin) if point.time <= end])
    )


def _added(steps: Iterable[tuple[tuple[float, ...], Point, Point]]) -> Distribution:
    bounds: tuple[float, ...] = ()
    counts: list[int] = []
    total = 0.0
    for its_bounds, before, after in steps:
        if not after.buckets or (bounds and its_bounds != bounds):
            continue
        bounds, counts = its_bounds, counts or [0] * len(after.buckets)
        # Fewer values than before, or other buckets, mean that the process has restarted from zero.
        restarted = after.recorded < before.recorded or len(before.buckets) != len(after.buckets)
        old = [0] * len(counts) if restarted else before.buckets
        counts = [c + max(0, new - was) for c, new, was in zip(counts, after.buckets, old, strict=True)]
        total += after.value - (0.0 if restarted else before.value)
    return Distribution(bounds, tuple(counts), total)


_ZERO: Final = Point(0.0, 0.0, 0, ())
