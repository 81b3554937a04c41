"""Quantities: which values can be recorded, and what becomes of the others."""

from __future__ import annotations

from typing import Any, Final, SupportsFloat

from otel_trading import _losses
from otel_trading._guard import warn

Number = float | int

_LARGEST: Final = 1.7976931348623157e308
"""The largest finite double."""
_TRUTHS: Final = frozenset({"bool", "bool_"})
"""What Python and numpy, before 2 and since, call the type of a truth value; numpy's has no abstract one."""


def as_number(value: Any) -> Number | None:
    """Return `value` as a finite int or float, or None if it is none.

    Decimal, Fraction and numpy scalars become the nearest float; text and bool, numpy's too, are no
    quantities.
    """
    if type(value) is not float and type(value) is not int:
        if not isinstance(value, SupportsFloat) or _is_word_or_truth(value):
            return None
        try:
            value = float(value)
        except Exception:  # noqa: BLE001 - `__float__` is user code and may raise anything
            return None
    return value if -_LARGEST <= value <= _LARGEST else None


def _is_word_or_truth(value: object) -> bool:
    return isinstance(value, (str, bytes)) or type(value).__name__ in _TRUTHS


def reject(value: object) -> None:
    """Count a value that cannot be recorded, and say so at most once a minute."""
    _losses.add("metrics", "invalid_value")
    warn("invalid_value", "otel_trading: a measurement of type %s was not recorded", type(value).__name__)


def clamped(value: Number) -> float:
    """Return the nearest finite double."""
    return float(max(-_LARGEST, min(value, _LARGEST)))
