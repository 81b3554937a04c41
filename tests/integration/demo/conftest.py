"""The demo as a user starts it, and the processes that it leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event

import psutil
import pytest

PATIENCE = 60


class RunningDemo:
    """`otel-trading demo`, and every process that it started."""

    def __init__(self, *arguments: str, **env: str) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
        self.process = subprocess.Popen(
            [str(Path(sys.executable).with_name("otel-trading")), "demo", *arguments],
            env={**kept, "PYTHONUNBUFFERED": "1", **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._children: set[psutil.Process] = set()
        self.output = ""

    def wait_for(self, text: str) -> None:
        """Read the output until a line contains the text."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line
            if text in line:
                break
        else:
            pytest.fail(f"{text!r} was not printed, but {self.output}{self.process.stderr.read()}")
        self.note_children()

    def note_children(self) -> list[psutil.Process]:
        """Record and return the processes that run now."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self._children.update(children)
        return children

    def part(self, name: str) -> psutil.Process:
        """Return the process of one part of the system."""
        (found,) = self._parts(name)
        return found

    def started(self, name: str) -> psutil.Process:
        """Wait for the process of one part to start, and return it."""
        pause = Event()
        for _ in range(PATIENCE * 100):
            if found := self._parts(name):
                return found[0]
            pause.wait(0.01)
        pytest.fail(f"{name} was not started")

    def _parts(self, name: str) -> list[psutil.Process]:
        found = []
        for child in self.note_children():
            with suppress(psutil.NoSuchProcess):
                if f"trading_system.{name}" in child.cmdline():
                    found.append(child)
        return found

    def end(self) -> tuple[int, str, str]:
        """Wait for the end, and return the exit code, stdout and stderr."""
        out, err = self.process.communicate(timeout=PATIENCE * 2)
        return self.process.returncode, self.output + out, err

    def left_behind(self) -> list[psutil.Process]:
        """Return the child processes that still run after a while."""
        _, alive = psutil.wait_procs(self._children, timeout=PATIENCE)
        return alive

    def clean_up(self) -> None:
        """End every process, so that none affects the next test."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        for child in self._children:
            if child.is_running():
                child.send_signal(signal.SIGKILL)


@pytest.fixture
def demo() -> Iterator[Callable[..., RunningDemo]]:
    started: list[RunningDemo] = []

    def start(*arguments: str, **env: str) -> RunningDemo:
        started.append(RunningDemo(*arguments, **env))
        return started[-1]

    yield start
    for one in started:
        one.clean_up()
