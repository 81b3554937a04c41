"""Text of bounded length that is valid UTF-8."""

from __future__ import annotations

from typing import Final

LONGEST: Final = 32 * 1024
"""The most characters of one text; a longer text is cut and marked."""

CUT: Final = "...[cut]"
"""Marks a text that was cut."""


def bounded(value: str) -> str:
    """Return text of at most 32 Ki characters, with lone surrogates replaced, since UTF-8 cannot encode them.

    Args:
        value: Any text.

    Returns:
        The same object if it needs no change.
    """
    if len(value) > LONGEST:
        value = value[:LONGEST] + CUT
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-8", "replace").decode()
    return value


def described(value: object) -> str:
    """Return `str(value)`, or the name of its type if `__str__` raises."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - `__str__` is user code and may raise anything
        return type_name(value)


def type_name(value: object) -> str:
    """Return the name of a value's type in angle brackets."""
    return f"<{type(value).__name__}>"


def error_text(error: BaseException) -> str:
    """Return the class and the text of an exception, for a warning or the reason of a loss."""
    return f"{type(error).__name__}: {error}"
