"""Wording: formats numbers for people."""

from __future__ import annotations

from datetime import datetime
from math import isfinite
from typing import Final

NONE: Final = "\N{EN DASH}"
"""The text for an unknown value."""

_MINUS: Final = "\N{MINUS SIGN}"
_DURATIONS: Final = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))
_SIZES: Final = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
_MINUTE: Final = 60.0
_HUNDRED: Final = 100
_UNIX_TIME: Final = 1e9  # in seconds: a time in 2001, or a duration of 31 years


def number(value: float | None) -> str:
    """Format a count, or another number with three significant digits."""
    if value is None or not isfinite(value):
        return NONE
    if value == int(value):
        return f"{int(value):,}".replace("-", _MINUS)
    return (f"{round(value):,}" if abs(value) >= _HUNDRED else f"{value:,.3g}").replace("-", _MINUS)


def money(value: float | None, *, signed: bool = False) -> str:
    """Format an amount in USD."""
    if value is None:
        return NONE
    text = f"{value:+,.2f}" if signed else f"{value:,.2f}"
    return text.replace("-", _MINUS)


def percent(share: float | None, digits: int = 1) -> str:
    """Format a share between 0 and 1 as a percentage."""
    return NONE if share is None else f"{share * 100:.{digits}f} %".replace("-", _MINUS)


def duration(seconds: float | None) -> str:
    """Format a duration in a readable unit: 265 µs, 12.4 ms, 1.20 s."""
    if seconds is None:
        return NONE
    size, unit = next((pair for pair in _DURATIONS if abs(seconds) >= pair[0]), _DURATIONS[-1])
    shown = seconds / size
    return f"{shown:,.0f} {unit}" if unit == "µs" and abs(shown) >= 10 else f"{shown:,.3g} {unit}"  # noqa: PLR2004


def micros(nanoseconds: int) -> str:
    """Format a duration in microseconds, without the unit."""
    return f"{nanoseconds / 1000:,.0f}"


def age(seconds: float | None) -> str:
    """Format an age in seconds, such as "12 s ago"."""
    if seconds is None:
        return NONE
    if seconds < _MINUTE:
        return f"{max(0.0, seconds):.0f} s ago"
    return f"{seconds / _MINUTE:,.0f} min ago"


def clock(time_ns: int) -> str:
    """Format a time of today, to the microsecond."""
    whole, rest = divmod(time_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(whole).astimezone():%H:%M:%S}.{rest // 1000:06d}"


def measured(value: float | None, unit: str) -> str:
    """Format a value of a metric in its unit."""
    if value is None:
        return NONE
    if unit == "s":
        return duration(value) if value < _UNIX_TIME else clock(int(value * 1e9))
    if unit == "By":
        return size(value)
    if unit == "USD":
        return f"{money(value)} USD"
    shown = "" if unit == "1" or unit.startswith("{") else f" {unit}"
    return f"{number(value)}{shown}"


def size(value: float) -> str:
    """Format a number of bytes."""
    factor, unit = next((pair for pair in _SIZES if value >= pair[0]), (1.0, "B"))
    return f"{value / factor:,.3g} {unit}"
