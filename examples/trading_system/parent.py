"""Parent: whoever started this process; without them nobody is left who could stop it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

VARIABLE = "TRADING_PARENT_PID"
"""Tells a child who its parent is, also when that one is gone before the child can look."""

_POLL = 0.5


def named_parent(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment for a child, in which this process is its parent."""
    return {**environ, VARIABLE: str(os.getpid())}


async def parent_gone(environ: Mapping[str, str] = os.environ) -> None:
    """Return as soon as the parent of this process is gone."""
    named = environ.get(VARIABLE, "")
    parent = int(named) if named.isdecimal() else os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110 - the system tells nobody that a parent ended
        await asyncio.sleep(_POLL)
