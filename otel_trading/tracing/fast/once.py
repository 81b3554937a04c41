"""Parts of a span that are made at most once, when something first uses them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from otel_trading._forking import renewed_lock

ONCE: Final = renewed_lock()
"""The lock under which a span makes its parts; one lock for all spans, since few spans make any.

It is reentrant: a signal handler or a finalizer may interrupt the thread that holds it and use the same span.
Code under the lock therefore checks again before it stores the parts that it has made.
"""


class Lazy:
    """An attribute that a span does not have until something reads it.

    This is a non-data descriptor: Python calls it only while the span's `__dict__` lacks the name, and reads
    the `__dict__` directly from then on (https://docs.python.org/3/howto/descriptor.html).

    Args:
        make: Takes the span and returns attributes by name: this one, and those that have to be made with it.
    """

    def __init__(self, make: Callable[[Any], dict[str, Any]]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, span: Any, owner: type) -> Any:
        return self if span is None else self.made(span)

    def made(self, span: Any) -> Any:
        """Return the attribute of a span, and make it first if the span lacks it."""
        parts = span.__dict__
        if self._name not in parts:
            with ONCE:
                self._add(span, parts)
        return parts[self._name]

    def _add(self, span: Any, parts: dict[str, Any]) -> None:
        if self._name in parts:  # another thread made it while this one waited for the lock
            return
        made = self._make(span)
        if self._name not in parts:  # a signal handler may have made it during the call of `_make`
            parts.update(made)  # one call in C, so that a signal handler finds all parts or none
