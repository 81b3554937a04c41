"""Series: a metric's points over time, and what can be said of a stretch of them."""

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
"""A counter that is younger when it is first seen grew before our eyes; how an older one did is not known."""


class Point(NamedTuple):
    """What a series was at one time.

    Attributes:
        time: Unix seconds.
        value: Of a counter or level; the sum of a histogram.
        recorded: How many values a histogram has; 0 for the others.
        buckets: The counts of a histogram's buckets; empty for the others.
    """

    time: float
    value: float
    recorded: int
    buckets: Sequence[int]


@dataclass
class Series:
    """One series: its last point, and the points before it that are kept.

    Attributes:
        value: Of a counter or level; the sum of a histogram.
        count: Of a histogram; 0 for the others.
        exemplars: Trace ids, of all points so far, newest last.
        bounds: The boundaries of a histogram's buckets.
        points: The last one is what `value` and `count` say.
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

    def take(self, point: Any, temporality: int = 0, *, grows: bool = False) -> None:
        """Take in a data point as OTLP has it; what is told as a difference is added up.

        Args:
            point: Of any kind of metric.
            temporality: As the metric says; 0 for a gauge.
            grows: Whether it counts from zero at the point's start time.
        """
        self.exemplars.extend(e.trace_id.hex() for e in getattr(point, "exemplars", ()) if e.trace_id)
        value, count, buckets = _read(point)
        if temporality == _DELTA:
            value, count = value + self.value, count + self.count
            before = self.points[-1].buckets if self.points else ()
            if len(before) == len(buckets):
                buckets = array("Q", map(sum, zip(before, buckets, strict=True)))
        if buckets:
            self.bounds = tuple(point.explicit_bounds)
        self.value, self.count = value, count
        time, start = point.time_unix_nano / _NS, point.start_time_unix_nano / _NS
        if grows and not self.points and time - start < _FRESH:
            self.points.append(Point(start, 0.0, 0, ()))
        self.points.append(Point(time, value, count, buckets))

    def since(self, time: float) -> list[Point]:
        """Return the points from the last one before `time` on: so differences cover the whole stretch."""
        points = list(self.points)
        first = bisect_right(points, time, key=lambda point: point.time)
        return points[max(0, first - 1) :]


def _read(point: Any) -> tuple[float, int, Sequence[int]]:
    if hasattr(point, "as_double"):
        return (point.as_int if point.HasField("as_int") else point.as_double), 0, ()
    return point.sum, point.count, array("Q", getattr(point, "bucket_counts", ()))


def increase(points: Sequence[Point]) -> float:
    """Return by how much a counter grew; after a restart it counts from zero again."""
    return sum(b.value - a.value if b.value >= a.value else b.value for a, b in pairwise(points))


@dataclass(frozen=True)
class Distribution:
    """The values that were recorded in a stretch of time.

    Attributes:
        bounds: The buckets' boundaries.
        counts: How many values lie in each bucket, one more than there are boundaries.
        total: Their sum.
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float

    @property
    def count(self) -> int:
        """How many values there are."""
        return sum(self.counts)

    @property
    def mean(self) -> float | None:
        """Their mean; None without a value."""
        return self.total / self.count if self.count else None

    def quantile(self, share: float) -> float | None:
        """Return the value below which a share of them lies, by a straight line within its bucket.

        Args:
            share: 0 to 1.

        Returns:
            None without a value; the highest boundary, if it lies beyond.
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
        """Return whether a quantile is only known to lie beyond the highest boundary."""
        return bool(self.bounds) and value == self.bounds[-1] and self.counts[-1] > 0

    def within(self, boundary: float) -> float | None:
        """Return the share of values up to a boundary; None without a value.

        Args:
            boundary: One of `bounds`, as an objective is.
        """
        slots = bisect_right(self.bounds, boundary)
        return sum(self.counts[:slots]) / self.count if self.count else None


def distribution(series: Iterable[Series], since: float) -> Distribution:
    """Add up what the histograms of one metric recorded.

    Args:
        series: Those with other boundaries than the first are left out.
        since: Unix seconds.
    """
    return _added(
        (one.bounds, before, after)
        for one in series
        for before, after in pairwise([_ZERO, *one.points] if not since else one.since(since))
    )


def between(series: Iterable[Series], begin: float, end: float) -> Distribution:
    """Add up what the histograms of one metric recorded between two times, in unix seconds."""
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
        restarted = after.recorded < before.recorded or len(before.buckets) != len(after.buckets)
        old = [0] * len(counts) if restarted else before.buckets
        counts = [c + max(0, new - was) for c, new, was in zip(counts, after.buckets, old, strict=True)]
        total += after.value - (0.0 if restarted else before.value)
    return Distribution(bounds, tuple(counts), total)


_ZERO: Final = Point(0.0, 0.0, 0, ())
