"""Parsers: each turns the given value of a setting into a typed one, or raises `Refused`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from otel_trading.errors import nearest

Parser = Callable[[object], Any]

_TRUE: Final = frozenset({"true", "1", "yes", "on"})
_FALSE: Final = frozenset({"false", "0", "no", "off"})
_LARGEST_PORT: Final = 65535
_SHORTEST_SECRET: Final = 16


class Refused(ValueError):  # noqa: N818 - half a sentence, which ConfigurationError completes
    """A value is not allowed. The text is the second half of a sentence that starts with the setting."""


def _refuse(value: object, allowed: str, hint: str = "") -> Refused:
    return Refused(f"is {value!r} but must be {allowed}.{hint}")


def text(value: object) -> str:
    """Accept any text that is not only white space."""
    if not isinstance(value, str) or not value.strip():
        raise _refuse(value, "a text that is not empty")
    return value.strip()


def boolean(value: object) -> bool:
    """Accept True and False, and the words true, yes, on, 1, false, no, off and 0."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word not in _TRUE | _FALSE:
        raise _refuse(value, "true or false")
    return word in _TRUE


def one_of(*words: str) -> Callable[[object], str]:
    """Return a parser that accepts one of `words`, in any case."""
    by_word = {word.lower(): word for word in words}

    def parse(value: object) -> str:
        given = str(value).strip()
        if given.lower() not in by_word:
            raise _refuse(value, f"one of {', '.join(words)}", nearest(given, words))
        return by_word[given.lower()]

    return parse


def some_of(*words: str) -> Callable[[object], tuple[str, ...]]:
    """Return a parser that accepts several of `words`: a sequence, or a text with commas."""
    single = one_of(*words)

    def parse(value: object) -> tuple[str, ...]:
        given = value.split(",") if isinstance(value, str) else value
        if not isinstance(given, Iterable):
            raise _refuse(value, f"some of {', '.join(words)}")
        return tuple(dict.fromkeys(single(word) for word in given if word))

    return parse


def number(
    allowed: str, *, low: float, high: float, above: bool = False, whole: bool = False
) -> Callable[[object], float]:
    """Return a parser that accepts a number between two bounds.

    Args:
        allowed: The range in words, for the error.
        low: The smallest value.
        high: The largest value.
        above: Whether `low` itself is refused.
        whole: Whether it must be an integer.
    """

    def parse(value: object) -> float:
        try:
            given = float(value) if not isinstance(value, bool) else math.nan  # type: ignore[arg-type]
        except (TypeError, ValueError):
            given = math.nan
        inside = low < given <= high if above else low <= given <= high
        if not inside or (whole and not given.is_integer()):
            raise _refuse(value, allowed)
        return given

    return parse


def whole_number(allowed: str, *, low: int, high: int) -> Callable[[object], int]:
    """Return a parser that accepts an integer between two bounds; `allowed` is the range in words."""
    parse = number(allowed, low=low, high=high, whole=True)
    return lambda value: int(parse(value))


def mapping(value: object) -> dict[str, str]:
    """Accept a mapping, or a text `key=value,key=value`."""
    if isinstance(value, Mapping):
        return {str(key): str(item) for key, item in value.items()}
    if not isinstance(value, str):
        raise Refused("must be a mapping, or a text of the form key=value,key=value.")
    pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
    if any(not key.strip() or not separator for key, separator, _ in pairs):
        raise Refused(
            "must be a text of the form key=value,key=value."
        )  # the value is not quoted: it may hold a secret
    return {key.strip(): item.strip() for key, _, item in pairs}


def function(value: object) -> Callable[..., Any]:
    """Accept a function, or the text `module:name`, which is imported."""
    if callable(value):
        return value
    module, _, name = str(value).partition(":")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError):
        found = None
    if not callable(found):
        raise _refuse(value, "a function, or module:name of one that can be imported")
    return found  # type: ignore[no-any-return]


def secret(value: object) -> str:
    """Accept a text of at least 16 characters, or `file:` and the path of a file that holds it."""
    if not isinstance(value, str):
        raise Refused(f"must be a text, or file: and a path, but its type is {type(value).__name__}.")
    if value.startswith(("/", "~")):
        raise Refused("starts like a path: put file: before a path.")
    given = _content(value.removeprefix("file:")) if value.startswith("file:") else value
    if given.encode(errors="ignore").decode() != given:  # a UnicodeError would hold the secret
        raise Refused("must be UTF-8.")
    if len(given.strip()) < _SHORTEST_SECRET:  # not quoted: it may be most of a secret
        raise Refused(
            f"must be a text of at least {_SHORTEST_SECRET} characters, or file: and the path of one."
        )
    return given.strip()


def _content(path: str) -> str:
    try:
        return Path(path).read_bytes().decode(errors="surrogateescape")
    except (OSError, ValueError) as error:
        raise Refused(f"names a file that cannot be read: {type(error).__name__}.") from None


def url(value: object) -> str:
    """Accept an http or https URL with a host, without credentials."""
    given = str(value).strip()
    if "@" in given:  # checked first, so that no other error prints the credentials
        raise Refused("holds a user name or a password, which belong in the setting headers, not in a URL.")
    try:
        parts = urlsplit(given)
    except ValueError:  # such as an IPv6 address without its closing bracket
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _refuse(value, "a URL such as http://localhost:4317, with the scheme http or https")
    try:
        has_port = parts.port != 0
    except ValueError:
        has_port = False
    if not has_port:
        raise _refuse(value, f"a URL with a port from 1 to {_LARGEST_PORT}")
    return given.rstrip("/")


ratio: Final = number("a number from 0 to 1", low=0, high=1)
port: Final = whole_number(f"a port from 0 to {_LARGEST_PORT}, 0 for a free one", low=0, high=_LARGEST_PORT)
count: Final = whole_number("a whole number from 1 to 1000000", low=1, high=1_000_000)
byte_count: Final = whole_number(
    "a whole number of bytes from 1048576 (1 MiB) to 1073741824", low=2**20, high=2**30
)


def seconds(high: float) -> Callable[[object], float]:
    """Return a parser that accepts a duration in seconds, above 0 and at most `high`."""
    return number(f"a number of seconds above 0 and at most {high:g}", low=0, high=high, above=True)
