"""What a log record may carry: one value that cannot be encoded would take its whole batch with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_INT64: Final = 2**63
_DEPTH: Final = 4
_ITEMS: Final = 128
_AS_THEY_ARE: Final = (bool, float, bytes, type(None))  # a tuple: a union is made anew at each test


def exportable(value: object, depth: int = _DEPTH) -> Any:
    """Return `value` as something that OTLP can carry.

    Args:
        value: Anything. Text, numbers, bools, bytes and None stay as they are; lists, tuples and mappings
            are gone through to a depth of 4 and 128 items; anything else becomes its text.
        depth: How much deeper to go.

    Returns:
        A value of OpenTelemetry's data model, with lone surrogates replaced and integers of more than 64 bits
        as text.
    """
    if isinstance(value, str):
        return text(value)
    if isinstance(value, _AS_THEY_ARE):
        return value
    if isinstance(value, int):
        return int(value) if -_INT64 <= value < _INT64 else str(value)
    if depth and isinstance(value, Mapping):
        return {text(str(k)): exportable(v, depth - 1) for k, v in list(value.items())[:_ITEMS]}
    if depth and isinstance(value, list | tuple | set | frozenset):
        return [exportable(item, depth - 1) for item in list(value)[:_ITEMS]]
    return text(described(value))


def text(value: str) -> str:
    """Return text without lone surrogates, which UTF-8 does not have."""
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace").decode()
    return value


def described(value: object) -> str:
    """Return `str(value)`, or its type where that raises: `__str__` may be anybody's code."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001
        return f"<{type(value).__name__}>"
