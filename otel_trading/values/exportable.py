"""Conversion of any value into one that OTLP can carry, without exceptions and warnings.

https://opentelemetry.io/docs/specs/otel/common/#anyvalue
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import Enum
from numbers import Complex, Integral, Number, Real
from typing import Any, Final
from uuid import UUID

from otel_trading.values.numbers import BEYOND_INT64, fits_int64
from otel_trading.values.text import LONGEST, bounded, described, type_name

_DEPTH: Final = 4
_ITEMS: Final = 128
_PLAIN: Final = (str, bytes, int, float)  # a tuple, since `str | int` would build a union at each test
_CONTAINERS: Final = (Mapping, list, tuple, set, frozenset)
_TEXTUAL: Final = (UUID, BaseException, complex)
"""Further types whose values become their `str`; `described` catches an exception of `__str__`."""


def exportable(value: Any, depth: int = _DEPTH) -> Any:
    """Return `value` as a value that OTLP can carry; never raises.

    | given | becomes |
    |--|--|
    | text, bool, float, bytes, None | the same, at most 32 Ki long, lone surrogates replaced |
    | int | the same, or its digits if it has more than 64 bits |
    | Enum | its value |
    | Decimal, Fraction, a numpy float | float; if too large for a float, its text |
    | a numpy integer or bool | int or bool |
    | datetime, date, time | ISO 8601 |
    | list, tuple, set, mapping | each item by this table, 128 items, 4 levels; deeper, the name of its type |
    | UUID, path, exception | its text |
    | any other type | the name of its type in angle brackets: its `__str__` is not called |

    Args:
        value: Any object.
        depth: How many levels of containers to convert.
    """
    kind = type(value)
    if kind is str:
        return value if len(value) <= LONGEST and value.isascii() else bounded(value)
    if kind is float or kind is bool or value is None:
        return value
    if kind is int:
        return value if -BEYOND_INT64 <= value < BEYOND_INT64 else _integer(value)
    try:
        return _converted(value, depth)
    except Exception:  # noqa: BLE001 - a value's methods are user code and may raise anything
        return type_name(value)


def attributes(given: Mapping[Any, Any]) -> Mapping[str, Any]:
    """Return attributes that OTLP can carry: `given` itself if `are_plain` accepts it."""
    return given if are_plain(given) else exportable(given)


def are_plain(given: Mapping[Any, Any]) -> bool:
    """Return whether OTLP can carry attributes as they are: a fast check for ASCII text and scalars."""
    for name, value in given.items():
        kind = value.__class__
        if kind is str:
            plain = value.isascii() and len(value) <= LONGEST
        else:
            plain = kind is float or kind is bool or (kind is int and -BEYOND_INT64 <= value < BEYOND_INT64)
        if not plain or name.__class__ is not str or not name or not name.isascii():
            return False
    return True


def named(value: object, otherwise: str = "unnamed") -> str:
    """Return the name of an attribute or a span as text that is not empty."""
    if value.__class__ is str and value and value.isascii() and len(value) <= LONGEST:
        return value
    return str(exportable(value, 0)) or otherwise


def _converted(value: object, depth: int) -> Any:
    if isinstance(value, Enum):
        return exportable(value.value, depth)
    if isinstance(value, _PLAIN):
        return _plain(value)
    if isinstance(value, _CONTAINERS):
        return _container(value, depth - 1) if depth else type_name(value)
    if isinstance(value, _types("datetime", "date", "time")):
        return value.isoformat()  # type: ignore[attr-defined]
    if isinstance(value, (*_TEXTUAL, *_types("pathlib", "PurePath"))):
        return bounded(described(value))
    number = _number(value)
    return type_name(value) if number is None else number


def _types(module: str, *names: str) -> tuple[type, ...]:
    """Return types of a module, or none if nothing imported it: no value can have these types then."""
    found = sys.modules.get(module)
    return tuple(kind for name in names if (kind := getattr(found, name, None)))


def _plain(value: str | bytes | float) -> Any:
    """Return the plain value of a subclass instance, without calling methods that the subclass overrides."""
    if isinstance(value, str):
        return bounded(str.__str__(value))
    if isinstance(value, bytes):
        return bytes.__getitem__(value, slice(LONGEST))
    return _integer(int.__index__(value)) if isinstance(value, int) else float.__float__(value)


def _container(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        return {named(name): exportable(item, depth) for name, item in _first(value.items())}
    return [exportable(item, depth) for item in _first(value)]


def _first(items: Any) -> list[Any]:
    return [item for item, _ in zip(items, range(_ITEMS), strict=False)]


def _number(value: object) -> float | int | str | bool | None:
    """Convert a number of another library, recognised by the abstract classes of `numbers` (PEP 3141)."""
    if isinstance(value, Integral):
        return exportable(int(value))  # type: ignore[no-any-return]
    if isinstance(value, Number) and (isinstance(value, Real) or not isinstance(value, Complex)):
        try:
            return float(value)  # type: ignore[arg-type]
        except OverflowError:
            return bounded(str(value))
    # numpy registers neither its bool nor its datetime with an abstract base class
    scalar = getattr(type(value), "item", None)
    if type(value).__module__ == "numpy" and scalar is not None and getattr(value, "ndim", 1) == 0:
        return exportable(scalar(value))  # type: ignore[no-any-return]
    return None


def _integer(value: int) -> int | str:
    if fits_int64(value):
        return value
    try:
        return str(value)
    except ValueError:  # more digits than sys.get_int_max_str_digits()
        return hex(value)[:LONGEST]
