"""Children: one process for the venue and each service, none of which outlives this one."""

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
"""Seconds that a child may take to end before it is killed."""

_LINE_LIMIT = 1024 * 1024
_EXAMPLES = Path(__file__).parents[1]


class ChildError(Exception):
    """A child failed to start, or ended too early.

    Attributes:
        code: The exit code of the child.
    """

    def __init__(self, part: str, code: int, sentence: str) -> None:
        super().__init__(sentence or f"{part} ended with exit code {code}")
        self.code = code


class Child:
    """One part of the system as a process, `python -m trading_system.<part>`.

    Args:
        part: The name of the module.
        on_line: Called with every line that the child prints to stdout, unchanged.
    """

    def __init__(self, part: str, on_line: Callable[[str], None]) -> None:
        self.part = part
        self.health: Line | None = None
        self._on_line = on_line
        self._ready: asyncio.Future[Line] = asyncio.get_running_loop().create_future()
        self._errors: deque[str] = deque(maxlen=20)
        self._stopping = False
        self._process: asyncio.subprocess.Process | None = None
        self.ended: asyncio.Task[int] | None = None

    async def start(self, environ: Mapping[str, str], *arguments: str) -> None:
        """Start the process in its own session.

        Ctrl-C goes to every process of the terminal's session. Here it must reach only the parent, which then
        stops its children in order.
        """
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
        """The process id, or None before the start."""
        return self._process.pid if self._process is not None else None

    async def ready(self) -> Line:
        """Wait until the child can accept work, and return its "ready" line.

        Raises:
            ChildError: The child ended instead.
        """
        return await asyncio.shield(self._ready)

    async def stop(self) -> int:
        """Send SIGTERM, and wait until the child has ended; kill it after `PATIENCE` seconds.

        Returns:
            The exit code; negative if the child was killed.
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
        # Before "ready" the child has no signal handler yet, so that SIGTERM ends it at once. It counts as a
        # clean end.
        return 0 if code == -signal.SIGTERM and not self._ready.done() else code

    async def _follow(self, process: asyncio.subprocess.Process) -> int:
        assert process.stdout is not None
        assert process.stderr is not None
        await asyncio.gather(self._read(process.stdout), self._read_errors(process.stderr))
        code = await process.wait()
        if self._stopping:
            return code
        error = ChildError(self.part, code, self._errors[-1] if self._errors else "")
        if not self._ready.done():
            self._ready.set_exception(error)
        raise error

    async def _read(self, stream: asyncio.StreamReader) -> None:
        async for raw in stream:
            text = raw.decode(errors="replace").rstrip()
            self._on_line(text)
            self._parse(text)

    def _parse(self, text: str) -> None:
        try:
            line = json.loads(text)
        except ValueError:
            return
        message = line.get("message") if isinstance(line, dict) else None
        if message == "ready" and not self._ready.done():
            self._ready.set_result(line)
        elif message == "telemetry":
            self.health = line.get("health")

    async def _read_errors(self, stream: asyncio.StreamReader) -> None:
        async for raw in stream:
            text = raw.decode(errors="replace").rstrip()
            self._errors.append(text)
            print(text, file=sys.stderr, flush=True)
