"""The waterfall has each span below its parent, and its bar at its time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_trading.ops.viewer.page.waterfall import HUES, rows, scale
from otel_trading.ops.viewer.records import StoredSpan


def made(number: int, parent: int = 0, start: int = 0, end: int = 10, service: str = "s") -> StoredSpan:
    parent_id = str(parent) if parent else ""
    return StoredSpan(service, f"span {number}", "t", str(number), parent_id, start, end, False, {}, ())


def test_spans_stand_below_their_parents_by_their_start():
    spans = [made(1), made(2, 1, 1), made(3, 1, 2), made(4, 2, 3), made(5, 9, 4)]
    assert [(row.span.span_id, row.depth) for row in rows(spans, 0, 10)] == [
        ("1", 0),
        ("2", 1),
        ("4", 2),
        ("3", 1),
        ("5", 0),
    ]


@given(st.lists(st.integers(0, 12), min_size=1, max_size=12))
def test_every_span_is_shown_once_also_with_a_missing_or_cyclic_parent(parents):
    spans = [made(number, parent, number) for number, parent in enumerate(parents, 1)]
    assert sorted(int(row.span.span_id) for row in rows(spans, 0, 20)) == list(range(1, len(parents) + 1))


def test_a_bar_lies_where_its_span_does():
    (row,) = rows([made(1, start=25, end=75)], 0, 100)
    assert (row.left, row.width) == (25, 50)


@pytest.mark.parametrize(
    ("start", "end", "left", "width"),
    [(-50, 50, 0, 50), (50, 500, 50, 50), (200, 300, 100, 0), (60, 40, 60, 0)],
)
def test_a_bar_never_leaves_the_lane(start, end, left, width):
    (row,) = rows([made(1, start=start, end=end)], 0, 100)
    assert (row.left, row.width) == (left, width)


def test_each_service_has_a_colour_of_its_own_while_there_are_any():
    spans = [made(n, service=str(n)) for n in range(1, HUES + 2)]
    assert [row.hue for row in rows(spans, 0, 10)] == [*range(HUES), 0]


def test_the_scale_is_in_round_microseconds_from_the_traces_start():
    assert scale(1_000_000, 6_000_000, 1_000_000) == [
        (at * 20.0, text) for at, text in enumerate(("0", "1,000", "2,000", "3,000", "4,000", "5,000"))
    ]
    assert scale(1_200, 2_200, 1_000)[0] == (0.0, "0.200")


@given(st.integers(0, 10**9), st.integers(1, 10**12))
def test_a_scale_has_a_few_ticks_within_the_visible_period(begin, lasts):
    lines = scale(begin, begin + lasts, begin)
    assert 1 <= len(lines) <= 7
    assert all(0 <= at <= 100 for at, _ in lines)
