"""Increases and distributions of series, also across restarts and for deltas."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_trading.ops.viewer.history import (
    BAR,
    STEP,
    WINDOW,
    grouped,
    increases,
    levels,
    quantiles,
    times,
    total,
)
from otel_trading.ops.viewer.series import Distribution, distribution, increase
from otel_trading.ops.viewer.store import Store
from tests.unit.ops.viewer.otlp import counted, held, timed

BOUNDS = [0.001, 0.01, 0.1]


def store_of(*requests) -> Store:
    store = Store()
    for request in requests:
        store.add_metrics(request)
    return store


def test_a_counter_that_has_just_started_grew_by_its_first_value():
    (series,) = store_of(counted("m", 3, at=101, start=100), counted("m", 5, at=103, start=100)).series_of(
        "m"
    )
    assert increase(list(series.points)) == 5


def test_an_older_counter_grew_by_the_difference_of_its_points():
    (series,) = store_of(counted("m", 300, at=1000, start=100), counted("m", 305, at=1002)).series_of("m")
    assert increase(list(series.points)) == 5


def test_a_restarted_counter_counts_from_zero():
    (series,) = store_of(*(counted("m", v, at=1000 + i) for i, v in enumerate((7, 9, 2)))).series_of("m")
    assert increase(list(series.points)) == 4


def test_deltas_are_added_up():
    (series,) = store_of(
        counted("m", 3, at=1, delta=True), counted("m", 4, at=2, start=1, delta=True)
    ).series_of("m")
    assert series.value == 7


def test_levels_are_added_up_over_series_from_the_first_on():
    store = store_of(held("m", 1, at=10, a="x"), held("m", 5, at=20, a="y"), held("m", 2, at=30, a="x"))
    assert levels(store.series_of("m"), [5, 10, 25, 30]) == [None, 1, 6, 7]


def test_increases_are_returned_by_step():
    store = store_of(*(counted("m", v, at=at, start=99) for at, v in ((100, 1), (104, 4), (108, 9))))
    assert increases(store.series_of("m"), [98, 100, 104, 106, 108]) == [1, 3, 0, 5]


def test_the_values_of_a_period_are_those_recorded_in_it():
    store = store_of(
        timed("h", BOUNDS, [5, 0, 0, 0], at=1000, total=0.0025),
        timed("h", BOUNDS, [6, 2, 0, 1], at=1010, total=1.0),
    )
    found = distribution(store.series_of("h"), since=1005)
    assert (found.counts, found.count) == ((1, 2, 0, 1), 4)
    assert found.mean == pytest.approx(0.9975 / 4)


def test_a_restarted_histogram_counts_from_zero():
    store = store_of(timed("h", BOUNDS, [5, 0, 0, 0], at=1000), timed("h", BOUNDS, [1, 1, 0, 0], at=1010))
    assert distribution(store.series_of("h"), since=1005).counts == (1, 1, 0, 0)


def test_a_histogram_that_has_just_started_counts_from_zero():
    store = store_of(timed("h", BOUNDS, [1, 1, 0, 0], at=1010, start=1009))
    assert distribution(store.series_of("h"), since=1000).counts == (1, 1, 0, 0)


def test_histograms_with_other_boundaries_are_not_mixed():
    store = store_of(
        timed("h", BOUNDS, [1, 0, 0, 0], at=1010, start=1009, a="x"),
        timed("h", [1.0], [4, 4], at=1010, start=1009, a="y"),
    )
    assert distribution(store.series_of("h"), since=1000).counts == (1, 0, 0, 0)


def test_quantiles_are_returned_by_step_and_none_without_values():
    store = store_of(
        timed("h", BOUNDS, [0, 10, 0, 0], at=1004, start=1000),
        timed("h", BOUNDS, [0, 10, 10, 0], at=1012, start=1000),
    )
    first, second, third = quantiles(store.series_of("h"), [1000, 1004, 1008, 1012], 0.5)
    assert (first, second) == (pytest.approx(0.0055), None)
    assert third == pytest.approx(0.055)


@given(st.lists(st.integers(0, 50), min_size=4, max_size=4), st.floats(0, 1), st.floats(0, 1))
def test_quantiles_rise_with_their_share_and_stay_within_the_boundaries(counts, one, other):
    found = Distribution(tuple(BOUNDS), tuple(counts), 0.0)
    low, high = (found.quantile(share) for share in sorted((one, other)))
    if not sum(counts):
        assert low is high is None
    else:
        assert 0 <= low <= high <= BOUNDS[-1]


def test_the_share_within_a_boundary_is_exact():
    found = Distribution(tuple(BOUNDS), (6, 2, 1, 1), 0.0)
    assert [found.within(bound) for bound in BOUNDS] == [0.6, 0.8, 0.9]
    assert Distribution((), (), 0.0).within(0.1) is None


def test_a_quantile_beyond_the_highest_boundary_is_marked():
    found = Distribution(tuple(BOUNDS), (0, 0, 0, 5), 0.0)
    assert found.is_beyond(found.quantile(0.5))
    inside = Distribution(tuple(BOUNDS), (5, 0, 0, 0), 0.0)
    assert not inside.is_beyond(inside.quantile(0.5))


def test_labels_are_added_up_the_largest_first():
    store = store_of(*(held("m", v, at=1, reason=r, n=str(v)) for v, r in ((1, "a"), (5, "b"), (2, "a"))))
    assert list(grouped(store.series_of("m"), "reason", lambda s: s.value).items()) == [("b", 5), ("a", 3)]
    assert (total(store.series_of("m")), total([])) == (8, None)


@pytest.mark.parametrize("step", [STEP, BAR])
def test_the_times_of_a_chart_are_whole_steps_over_the_window(step):
    at = times(1_000_003.7, step)
    assert {time % step for time in at} == {0.0}
    assert at[0] <= 1_000_003.7 - WINDOW + step
    assert at[-2] <= 1_000_003.7 < at[-1] + step
