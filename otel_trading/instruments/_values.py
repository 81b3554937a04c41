"""What the instruments take: names, words of closed sets, numbers, durations, and what an error is called."""

from __future__ import annotations

from enum import Enum
from math import isfinite
from reprlib import repr as shown  # short, and safe where `__repr__` raises
from typing import Any, Final

from otel_trading import _losses
from otel_trading._guard import warn
from otel_trading.errors import LabelError
from otel_trading.recording import BoundMetric
from otel_trading.recording.quantities import as_number, reject

_DAY_NS: Final = 86_400 * 10**9


def name(given: object, what: str) -> str:
    """Return a name that was given at construction, as text.

    Args:
        given: Text that is not empty, or a member of an enum of such texts.
        what: Whose name it is, as the error says it, such as `Feed(name)`.

    Raises:
        LabelError: It is no text, or empty.
    """
    value = given.value if isinstance(given, Enum) else given
    if not isinstance(value, str) or not value.strip():
        raise LabelError(f"{what} takes text that is not empty, not {shown(value)}")
    return value


def size(given: object, what: str) -> float:
    """Return a quantity that was given at construction.

    Args:
        given: A number above zero; Decimal, numpy scalars and decimal text are converted by `float`.
        what: Whose quantity it is, as the error says it.

    Raises:
        LabelError: It is no number, not finite, or not above zero.
    """
    value = _convert(given)
    if value is None or value <= 0:
        raise LabelError(f"{what} takes a finite number above 0, not {shown(given)}")
    return value


def word(metric: BoundMetric[Any], keyword: str, given: object) -> str:
    """Return `given` if the metric's closed label allows it, else `_OTHER`, which is counted and warned of.

    Args:
        metric: Which has the label.
        keyword: The label, by the keyword of `bind`.
        given: Text, or a member of an enum of texts.
    """
    label = next(label for label in metric.definition.labels if label.keyword == keyword)
    value = given.value if isinstance(given, Enum) else given
    return str(metric._value(label, value if isinstance(value, str) else f"<{type(value).__name__}>"))


def text(given: object) -> str:
    """Return what was given in a call as text, or the name of its type where it has none."""
    try:
        return str(given)
    except Exception:  # noqa: BLE001 - `__str__` is user code and may raise anything
        return f"<{type(given).__name__}>"


def number(given: object) -> float | None:
    """Return a number that was given in a call, or None, counted as `invalid_value`, if it is none.

    Args:
        given: int, float, Decimal, Fraction and numpy scalars are converted by `float`; so is decimal text,
            which is how REST interfaces send prices, with a warning once a minute. None, bool, NaN and
            infinities are no numbers.
    """
    value = _convert(given)
    if value is None:
        reject(given)
    return value


def quantity(given: object) -> float | None:
    """Return a number above zero, or None, counted as `invalid_value`."""
    value = _convert(given)
    if value is None or value <= 0:
        reject(given)
        return None
    return value


def price(given: object) -> float | None:
    """Return a price, or None, counted as `invalid_value`; it may be negative (futures), but not zero."""
    value = _convert(given)
    if value is None or value == 0:
        reject(given)
        return None
    return value


def optional_price(given: object) -> float | None:
    """Return a price that may be left out, or None."""
    return None if given is None else price(given)


def seconds_since(then_ns: int, now_ns: int) -> float | None:
    """Return the seconds between two unix times in nanoseconds, or None, counted, if that cannot be.

    Args:
        then_ns: As the caller gave it. More than a day away, it is in another unit, or of a replayed day.
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
    """Return a duration in seconds; one below zero, of two clocks that disagree, is counted and becomes 0."""
    if duration >= 0:
        return duration
    _losses.add("metrics", "negative_duration")
    warn("negative_duration", "otel_trading: a duration below zero was recorded as 0; check the clocks")
    return 0.0


def error_type(error: BaseException) -> str:
    """Return the value of `error.type` for an error: the name of its class."""
    return type(error).__qualname__


def status_or_error_type(error: BaseException) -> str:
    """Return the value of `error.type` for a failed request.

    Args:
        error: An exception of any client. If it, or its `response`, has a `status_code` of HTTP, as the
            errors of requests, httpx and alpaca-py have, that is the type; else the name of its class.
    """
    for holder in (error, getattr(error, "response", None)):
        code = getattr(holder, "status_code", None)
        if isinstance(code, int) and 100 <= code <= 599:  # noqa: PLR2004 - the codes of HTTP
            return str(int(code))
    return error_type(error)


def _convert(given: object) -> float | None:
    if isinstance(given, str):
        warn("text_number", "otel_trading: a number was given as text, and converted")
        try:
            value = float(given)
        except ValueError:
            return None
        return value if isfinite(value) else None
    converted = as_number(given)
    return None if converted is None else float(converted)
