"""History: the values of a metric over time, with its series added up at common times."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Final

from otel_trading.ops.viewer.series import Point, Series, between, distribution, increase

WINDOW: Final = 300.0
"""Seconds of history that the page shows."""

STEP: Final = 4.0
"""Seconds between two values of a line."""

BAR: Final = 10.0
"""Seconds that one bar covers."""


def times(until: float, step: float = STEP) -> list[float]:
    """Return the times of a chart, oldest first."""
    # Whole steps keep the values of a refreshed chart at the same times, so its lines do not jitter.
    last = until - until % step + step
    return [last - step * back for back in range(int(WINDOW / step), -1, -1)]


def levels(series: Sequence[Series], at: Sequence[float]) -> list[float | None]:
    """Return the sum of the series at each time; None before the first point of all series."""
    found = [list(one.points) for one in series]
    return [_sum(_last(points, time) for points in found) for time in at]


def increases(series: Sequence[Series], at: Sequence[float]) -> list[float]:
    """Return the increase of counters in each step between two times."""
    found = [list(one.points) for one in series]
    return [
        sum(increase(points[max(0, _slot(points, begin) - 1) : _slot(points, end)]) for points in found)
        for begin, end in pairwise(at)
    ]


def quantiles(series: Sequence[Series], at: Sequence[float], share: float) -> list[float | None]:
    """Return a quantile of the values that histograms recorded in each step; None without values."""
    return [between(series, begin, end).quantile(share) for begin, end in pairwise(at)]


def total(series: Sequence[Series]) -> float | None:
    """Return the sum of the last values; None without a series."""
    return sum(one.value for one in series) if series else None


def recent(series: Sequence[Series], now: float, share: float) -> float | None:
    """Return a quantile of the values that histograms recorded in the window."""
    return distribution(series, now - WINDOW).quantile(share)


def grouped(series: Iterable[Series], key: str, value: Callable[[Series], float]) -> dict[str, float]:
    """Return the sums of series by one of their labels, the largest sum first."""
    sums: dict[str, float] = {}
    for one in series:
        name = str(one.attributes.get(key, ""))
        sums[name] = sums.get(name, 0.0) + value(one)
    return dict(sorted(sums.items(), key=lambda item: -item[1]))


def _slot(points: Sequence[Point], time: float) -> int:
    return bisect_right(points, time, key=lambda point: point.time)


def _last(points: Sequence[Point], time: float) -> float | None:
    slot = _slot(points, time)
    return points[slot - 1].value if slot else None


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
