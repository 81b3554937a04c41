"""Parent: notice when the process that started this one has ended, so that no child runs on alone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

VARIABLE = "TRADING_PARENT_PID"
"""Names the parent's process id for a child.

`os.getppid` alone is not enough: if the parent ends before the child looks, the child sees only its new
parent.
"""

_POLL = 0.5


def named_parent(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment for a child process that names this process as its parent."""
    return {**environ, VARIABLE: str(os.getpid())}


async def parent_gone(environ: Mapping[str, str] = os.environ) -> None:
    """Return as soon as the parent of this process has ended."""
    named = environ.get(VARIABLE, "")
    parent = int(named) if named.isdecimal() else os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110 - no portable event signals the end of a parent
        await asyncio.sleep(_POLL)
