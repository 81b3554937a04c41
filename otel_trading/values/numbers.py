"""Numbers: which values can be recorded, and how the callers' numbers are converted.

Only finite numbers can be recorded. A value that cannot be recorded is counted as `invalid_value`.
"""

from __future__ import annotations

from math import isfinite
from typing import Any, Final, SupportsFloat

from otel_trading import _losses
from otel_trading._guard import warn

Number = float | int

LARGEST: Final = 1.7976931348623157e308
"""The largest finite double."""

BEYOND_INT64: Final = 2**63
"""The first positive integer that OTLP cannot carry; its smallest integer is -2**63."""

_BOOLEANS: Final = frozenset({"bool", "bool_"})
"""Names of the boolean types of Python and numpy, new and old; numpy's is not registered as a number."""


def as_number(value: Any) -> Number | None:
    """Return `value` as a finite int or float, or None if it is not a number.

    Args:
        value: Decimal, Fraction and numpy scalars become the nearest float. Text and booleans are rejected.
    """
    if type(value) is not float and type(value) is not int:
        if not isinstance(value, SupportsFloat) or _is_text_or_boolean(value):
            return None
        try:
            value = float(value)
        except Exception:  # noqa: BLE001 - `__float__` is user code and may raise anything
            return None
    return value if -LARGEST <= value <= LARGEST else None


def fits_int64(value: int) -> bool:
    """Return whether OTLP can carry an integer."""
    return -BEYOND_INT64 <= value < BEYOND_INT64


def clamped(value: Number) -> float:
    """Return the nearest finite double."""
    return float(max(-LARGEST, min(value, LARGEST)))


def reject(value: object) -> None:
    """Count a value that cannot be recorded, and warn at most once a minute."""
    _losses.add("metrics", "invalid_value")
    warn("invalid_value", "otel_trading: a measurement of type %s was not recorded", type(value).__name__)


def converted(given: object) -> float | None:
    """Return a number that a caller gave, or None if it is not a finite number.

    Args:
        given: int, float, Decimal, Fraction and numpy scalars are converted by `float`. So is decimal text,
            which is how REST interfaces send prices, with a warning once a minute.
    """
    if isinstance(given, str):
        warn("text_number", "otel_trading: a number was given as text, and converted")
        try:
            value = float(given)
        except ValueError:
            return None
        return value if isfinite(value) else None
    found = as_number(given)
    return None if found is None else float(found)


def number(given: object) -> float | None:
    """Return a finite number. Any other value is counted as `invalid_value` and becomes None."""
    value = converted(given)
    if value is None:
        reject(given)
    return value


def quantity(given: object) -> float | None:
    """Return a number above zero. Any other value is counted as `invalid_value` and becomes None."""
    value = converted(given)
    if value is None or value <= 0:
        reject(given)
        return None
    return value


def price(given: object) -> float | None:
    """Return a price, which may be negative (futures) but not zero.

    Any other value is counted as `invalid_value` and becomes None.
    """
    value = converted(given)
    if value is None or value == 0:
        reject(given)
        return None
    return value


def optional_price(given: object) -> float | None:
    """Return a price, or None if none was given."""
    return None if given is None else price(given)


def _is_text_or_boolean(value: object) -> bool:
    return isinstance(value, (str, bytes)) or type(value).__name__ in _BOOLEANS
