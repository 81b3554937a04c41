"""Cython's names for plain Python: the declarations in `cells` and `sums` work without a compiler.

The `cython` package on PyPI has the same names, but its import takes as long as the import of this package.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypeVar

T = TypeVar("T")

compiled: Final = False

# Cython defines these names
double: TypeAlias = float  # noqa: PYI042
int: TypeAlias = builtins.int  # noqa: A001, PYI042
longlong: TypeAlias = builtins.int  # noqa: PYI042
Py_ssize_t: TypeAlias = builtins.int
p_double: TypeAlias = Any  # noqa: PYI042


def declare(type: object, value: T) -> T:  # noqa: ARG001
    """Return the value; its type in C has no meaning in Python."""
    return value


def _unchanged(decorated: T) -> T:
    return decorated


def _decorator(*args: Any, **options: Any) -> Callable[[T], T]:  # noqa: ARG001
    return _unchanged


cclass = cfunc = ccall = final = inline = no_gc = _unchanged
exceptval = freelist = _decorator
