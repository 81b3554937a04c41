"""The programs that serve the page: `otel-trading view` and `otel-trading demo`."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PATIENCE: Final = 90
_PROGRAM: Final = str(Path(sys.executable).with_name("otel-trading"))


class Program:
    """A process of `otel-trading`, whose output is read until an expected line."""

    def __init__(self, *arguments: str, **environ: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
        self.process = subprocess.Popen(
            [_PROGRAM, *arguments], env={**kept, **environ}, stdout=subprocess.PIPE, text=True
        )
        self.output = ""

    def wait_for(self, pattern: str) -> str:
        """Read until a line matches, and return the first group, or the match."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line
            if found := re.search(pattern, line):
                return found[found.re.groups]
        raise AssertionError(f"{pattern!r} was not printed, but {self.output}")

    def end(self) -> int:
        """Stop the process by SIGINT, and return its exit code."""
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=PATIENCE)
        return self.process.returncode


@contextmanager
def running(*arguments: str, **environ: str) -> Iterator[Program]:
    """Run a program until the end of the block."""
    program = Program(*arguments, **environ)
    try:
        yield program
    finally:
        if program.process.poll() is None:
            program.end()


@contextmanager
def viewing(ports: tuple[int, int, int], *arguments: str) -> Iterator[str]:
    """Run `otel-trading view`, and yield the URL of the page."""
    page, grpc, http = map(str, ports)
    with running("view", "--port", page, "--otlp-grpc", grpc, "--otlp-http", http, *arguments) as program:
        url = program.wait_for(r"page +(http\S+)")
        program.wait_for("Press Ctrl-C to stop")
        yield url


def free_ports() -> tuple[int, int, int]:
    """Return three free ports, because a restarted program needs the same ports."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    page, grpc, http = (one.getsockname()[1] for one in sockets)
    for one in sockets:
        one.close()
    return page, grpc, http
