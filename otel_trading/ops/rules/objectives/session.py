"""Session hours: the opening hours of a market, which adapt the burn rates of objectives to its calendar."""

from __future__ import annotations

import statistics
from datetime import date, timedelta
from itertools import accumulate
from typing import Any, NamedTuple

import exchange_calendars  # type: ignore[import-untyped]

from otel_trading.errors import ConfigurationError, nearest

_DAY = timedelta(days=1)


class Sessions(NamedTuple):
    """The opening hours of a market, day by day.

    Attributes:
        hours: The hours of consecutive days; 0 for a closed day.
    """

    hours: tuple[float, ...]

    def mean(self, period: timedelta) -> float:
        """Return the mean session hours of a period, such as 133.8 for 30 days of XNYS."""
        return sum(self.hours) / len(self.hours) * (period / _DAY)

    def usual(self, window: timedelta) -> float:
        """Return the session hours of a typical full window.

        Args:
            window: Less than a day, of which at most one session counts; or whole days, for which the most
                common sum counts: 5 sessions for the 7 days of a market that closes at weekends.

        Raises:
            ConfigurationError: The window is longer than a day but not whole days, or longer than the known
                days.
        """
        if window < _DAY:
            return min(window / timedelta(hours=1), self.usual(_DAY))
        if window % _DAY or window // _DAY > len(self.hours):
            raise ConfigurationError(
                f"a window of {window} is given, allowed: up to a day, or whole days up to {len(self.hours)}"
            )
        sums = list(accumulate(self.hours, initial=0.0))
        days = window // _DAY
        return statistics.mode(
            round(end - start, 6) for start, end in zip(sums, sums[days:], strict=False) if end > start
        )


def sessions(calendar: str, first_year: int, last_year: int) -> Sessions:
    """Read the sessions of a market, half days, holidays and lunch breaks included.

    Args:
        calendar: A name of `exchange_calendars`: a market identifier code such as XNYS, or 24/7.
        first_year: The first year. Use past years, because calendars of future years still change.
        last_year: The last year, included.

    Raises:
        ConfigurationError: The calendar is unknown, or does not cover these years.
    """
    first, last = date(first_year, 1, 1), date(last_year, 12, 31)
    known = exchange_calendars.get_calendar_names()
    if calendar not in known:
        raise ConfigurationError(
            f"calendar is {calendar!r}, allowed: the {len(known)} names of exchange_calendars, "
            f"such as XNYS or 24/7.{nearest(calendar, known)}"
        )
    try:
        schedule = exchange_calendars.get_calendar(calendar, start=str(first), end=str(last)).schedule
    except ValueError as error:
        raise ConfigurationError(
            f"calendar {calendar!r} does not know {first_year} to {last_year}: {error}"
        ) from None
    open_hours = {row.Index.date(): _hours(row) for row in schedule.itertuples()}
    days = ((last - first) // _DAY) + 1
    return Sessions(tuple(open_hours.get(first + _DAY * n, 0.0) for n in range(days)))


def _hours(session: Any) -> float:
    open_for: timedelta = session.close - session.open
    if session.break_start == session.break_start:  # NaT, the value for no break, is not equal to itself
        open_for -= session.break_end - session.break_start
    return open_for / timedelta(hours=1)
