"""Children: one process each for the venue and the services; none is left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from trading_system.parent import named_parent

Line = dict[str, Any]

PATIENCE = 10.0
"""Seconds that a child may take to end, after which it is killed."""

_LINE_LIMIT = 1024 * 1024
_EXAMPLES = Path(__file__).parents[1]


class ChildError(Exception):
    """A child did not start, or ended before its time.

    Attributes:
        code: Its exit code.
    """

    def __init__(self, part: str, code: int, said: str) -> None:
        super().__init__(said or f"{part} ended with exit code {code}")
        self.code = code


class Child:
    """One part of the system, `python -m trading_system.<part>`.

    Args:
        part: The module.
        on_line: Called with every line it prints, as it is.
    """

    def __init__(self, part: str, on_line: Callable[[str], None]) -> None:
        self.part = part
        self.health: Line | None = None
        self._on_line = on_line
        self._ready: asyncio.Future[Line] = asyncio.get_running_loop().create_future()
        self._said: deque[str] = deque(maxlen=20)
        self._stopping = False
        self._process: asyncio.subprocess.Process | None = None
        self.ended: asyncio.Task[int] | None = None

    async def start(self, environ: Mapping[str, str], *arguments: str) -> None:
        """Start it, in a session of its own, so that Ctrl-C reaches only whoever stops it in order."""
        path = os.pathsep.join([str(_EXAMPLES), environ.get("PYTHONPATH", "")])
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            f"trading_system.{self.part}",
            *arguments,
            env={**named_parent(environ), "PYTHONPATH": path},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            limit=_LINE_LIMIT,
        )
        self.ended = asyncio.create_task(self._follow(self._process), name=self.part)

    @property
    def pid(self) -> int | None:
        """Its process, once it was started."""
        return self._process.pid if self._process is not None else None

    async def ready(self) -> Line:
        """Wait until it can take work, and return the line that says so.

        Raises:
            ChildError: It ended instead.
        """
        return await asyncio.shield(self._ready)

    async def stop(self) -> int:
        """Ask it to end, and wait until it did.

        Returns:
            Its exit code; negative where it had to be killed.
        """
        if self._process is None or self.ended is None:
            return 0
        self._stopping = True
        if not self.ended.done():
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)
            await asyncio.wait([self.ended], timeout=PATIENCE)
        if not self.ended.done():
            self._process.kill()
        with suppress(ChildError):
            await self.ended
        code = self._process.returncode or 0
        return (
            0 if code == -signal.SIGTERM and not self._ready.done() else code
        )  # not yet able to end in order

    async def _follow(self, process: asyncio.subprocess.Process) -> int:
        assert process.stdout is not None
        assert process.stderr is not None
        await asyncio.gather(self._read(process.stdout), self._keep(process.stderr))
        code = await process.wait()
        if self._stopping:
            return code
        error = ChildError(self.part, code, self._said[-1] if self._said else "")
        if not self._ready.done():
            self._ready.set_exception(error)
        raise error

    async def _read(self, stream: asyncio.StreamReader) -> None:
        async for raw in stream:
            text = raw.decode(errors="replace").rstrip()
            self._on_line(text)
            self._notice(text)

    def _notice(self, text: str) -> None:
        try:
            line = json.loads(text)
        except ValueError:
            return
        message = line.get("message") if isinstance(line, dict) else None
        if message == "ready" and not self._ready.done():
            self._ready.set_result(line)
        elif message == "telemetry":
            self.health = line.get("health")

    async def _keep(self, stream: asyncio.StreamReader) -> None:
        async for raw in stream:
            text = raw.decode(errors="replace").rstrip()
            self._said.append(text)
            print(text, file=sys.stderr, flush=True)
