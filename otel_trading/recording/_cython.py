"""Cython's names as plain Python has them: what `cells` says to the compiler, and nothing where none runs.

The module of that name on PyPI would do, and would make importing this package take twice as long.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypeVar

T = TypeVar("T")

compiled: Final = False

# as the compiler calls them
double: TypeAlias = float  # noqa: PYI042
int: TypeAlias = builtins.int  # noqa: A001, PYI042
longlong: TypeAlias = builtins.int  # noqa: PYI042
Py_ssize_t: TypeAlias = builtins.int
p_double: TypeAlias = Any  # noqa: PYI042


def declare(type: object, value: T) -> T:  # noqa: ARG001
    """Return the value, whose type in C does not matter here."""
    return value


def _unchanged(decorated: T) -> T:
    return decorated


def _decorator(*args: Any, **options: Any) -> Callable[[T], T]:  # noqa: ARG001
    return _unchanged


cclass = cfunc = ccall = final = inline = no_gc = _unchanged
exceptval = freelist = _decorator
