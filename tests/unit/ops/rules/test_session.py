"""Session hours: closed days, half days and lunch breaks count with their real hours."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_trading.errors import ConfigurationError
from otel_trading.ops.rules.objectives.session import Sessions, sessions

# exchange_calendars 4.13 uses an attribute that pandas 3.1 deprecated
pytestmark = pytest.mark.filterwarnings("ignore:KnownSeries.values returning an ndarray:DeprecationWarning")

WEEK = Sessions((6.5,) * 5 + (0.0, 0.0))
FOUR_WEEKS = Sessions(WEEK.hours * 4)


def on(calendar: str, day: date) -> float:
    return sessions(calendar, day.year, day.year).hours[day.timetuple().tm_yday - 1]


@pytest.mark.parametrize(
    ("calendar", "day", "hours"),
    [
        ("XNYS", date(2024, 7, 2), 6.5),
        ("XNYS", date(2024, 7, 3), 3.5),  # ends at 13:00, before Independence Day
        ("XNYS", date(2024, 7, 4), 0.0),
        ("XNYS", date(2024, 7, 6), 0.0),  # a Saturday
        ("XNYS", date(2024, 11, 29), 3.5),  # the day after Thanksgiving
        ("XNYS", date(2018, 12, 5), 0.0),  # a day of mourning
        ("XLON", date(2024, 7, 4), 8.5),
        ("XTKS", date(2024, 7, 4), 5.0),  # 6 hours with a break of one
        ("24/7", date(2024, 7, 6), 24.0),
    ],
)
def test_a_day_has_the_hours_that_its_market_was_open(calendar, day, hours):
    assert on(calendar, day) == hours


def test_a_year_of_the_new_york_stock_exchange_adds_up():
    """2024: 252 sessions, three of them half days."""
    year = sessions("XNYS", 2024, 2024)
    assert len(year.hours) == 366
    assert sum(1 for hours in year.hours if hours) == 252
    assert sum(year.hours) == 249 * 6.5 + 3 * 3.5


@pytest.mark.parametrize(
    ("window", "hours"),
    [
        (timedelta(minutes=15), 0.25),
        (timedelta(hours=1), 1.0),
        (timedelta(hours=6.5), 6.5),
        (timedelta(hours=12), 6.5),
        (timedelta(days=1), 6.5),
        (timedelta(days=7), 32.5),
        (timedelta(days=14), 65.0),
    ],
)
def test_a_full_window_holds_the_sessions_that_fit_into_it(window, hours):
    assert FOUR_WEEKS.usual(window) == hours


def test_a_holiday_changes_the_mean_and_not_the_usual_hours():
    with_holiday = Sessions(WEEK.hours * 7 + (6.5, 6.5, 0.0, 6.5, 6.5, 0.0, 0.0))
    assert with_holiday.mean(timedelta(days=56)) == 39 * 6.5
    assert with_holiday.usual(timedelta(days=7)) == 32.5


@given(st.integers(1, 400))
def test_a_market_that_never_closes_has_the_hours_of_the_clock(days):
    always = Sessions((24.0,) * 400)
    assert always.usual(timedelta(days=days)) == 24.0 * days
    assert always.mean(timedelta(days=days)) == 24.0 * days


@pytest.mark.parametrize("window", [timedelta(hours=36), timedelta(days=29)])
def test_a_window_that_cannot_be_counted_is_refused(window):
    with pytest.raises(ConfigurationError, match=r"allowed: up to a day, or whole days up to 28"):
        FOUR_WEEKS.usual(window)


def test_an_unknown_calendar_is_refused_with_the_nearest_one():
    with pytest.raises(ConfigurationError) as error:
        sessions("XNYX", 2024, 2024)
    assert str(error.value).startswith("calendar is 'XNYX', allowed: the ")
    assert str(error.value).endswith("such as XNYS or 24/7. Did you mean 'XNYS'?")


def test_years_that_a_calendar_does_not_know_are_refused():
    with pytest.raises(ConfigurationError, match=r"calendar 'XKRX' does not know 1900 to 1901: "):
        sessions("XKRX", 1900, 1901)
