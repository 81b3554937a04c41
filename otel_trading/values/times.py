"""Times: a time in any unit becomes nanoseconds, and two times become a duration in seconds."""

from __future__ import annotations

from typing import Final

from otel_trading import _losses
from otel_trading._guard import warn
from otel_trading.values.exportable import exportable
from otel_trading.values.numbers import BEYOND_INT64, number, reject

_DAY_NS: Final = 86_400 * 10**9
_SCALES: Final = ((1e11, 10**9), (1e14, 10**6), (1e17, 10**3), (BEYOND_INT64, 1))
"""A time of this century below 1e11 is in seconds, below 1e14 in milliseconds, below 1e17 in microseconds."""
_LEAST_NS: Final = _SCALES[2][0]
_TEST_CLOCK: Final = 10**8


def nanoseconds(given: object) -> int:
    """Return a time of any unit in nanoseconds since 1970.

    Args:
        given: A number of seconds, milliseconds, microseconds or nanoseconds; its size decides the unit. An
            integer below 10**8 counts as nanoseconds, for the clocks of tests. A negative value, or a value
            that is not a number, becomes 0.
    """
    if type(given) is int and (_LEAST_NS <= given < BEYOND_INT64 or 0 <= given < _TEST_CLOCK):
        return given
    value = exportable(given)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return 0
    return min(next((int(value * scale) for below, scale in _SCALES if value < below), 0), BEYOND_INT64 - 1)


def seconds_since(then_ns: int, now_ns: int) -> float | None:
    """Return the seconds between two unix times in nanoseconds.

    A time that is not usable is counted as `invalid_value`, and the result is None.

    Args:
        then_ns: The caller's time. If it is more than a day away, it is not usable: its unit is wrong, or it
            comes from a replay of another day.
        now_ns: The local clock.
    """
    then = then_ns if then_ns.__class__ is int else number(then_ns)
    if then is None:
        return None
    if abs(now_ns - then) > _DAY_NS:
        reject(then_ns)
        warn("old_time", "otel_trading: a time is more than a day away; is it in unix nanoseconds?")
        return None
    return seconds((now_ns - then) / 1e9)


def seconds(duration: float) -> float:
    """Return a duration in seconds.

    A negative duration, which two clocks that disagree can give, is counted and becomes 0.
    """
    if duration >= 0:
        return duration
    _losses.add("metrics", "negative_duration")
    warn("negative_duration", "otel_trading: a duration below zero was recorded as 0; check the clocks")
    return 0.0
