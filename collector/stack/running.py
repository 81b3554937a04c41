"""Running: starts the programs as child processes, watches them, and stops them by their process ids."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable

from .programs import LOOPBACK, PROGRAMS, Deployment, Program

_POLL = 0.1
_TIMEOUT = 120.0
_GRACE = 30.0
_LAST_LINES = 5


class StackError(Exception):
    """The stack cannot run; the message is one sentence."""


class Stack:
    """One copy of the stack.

    Args:
        deployment: The folder, the ports and the configuration of the copy.
    """

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str) -> None:
        """Start the named programs, or all of them, and wait until each is ready.

        Raises:
            StackError: A port is taken, or a program ended while it started.
        """
        programs = [PROGRAMS[name] for name in names or PROGRAMS]
        check_ports(self.deployment, programs)
        for program in programs:
            self._spawn(program)
        for program in programs:
            self._wait_until_ready(program)

    def stop(self, name: str) -> None:
        """Send SIGTERM to a program, and wait until it has ended; kill it after 30 seconds."""
        process = self._running.pop(name)
        process.terminate()
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill(self, name: str) -> None:
        """Kill a program, as a crash does."""
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def running(self) -> list[str]:
        """Return the names of the programs that run."""
        return list(self._running)

    def pid(self, name: str) -> int:
        """Return the process id of a running program."""
        return self._running[name].pid

    def ended(self) -> list[str]:
        """Return the names of the programs that ended by themselves since the last call."""
        names = [name for name, process in self._running.items() if process.poll() is not None]
        for name in names:
            del self._running[name]
        return names

    def close(self) -> None:
        """Stop every program, the Collector first, so that it can still deliver."""
        for name in reversed(list(PROGRAMS)):
            if name in self._running:
                self.stop(name)

    def log(self, name: str) -> str:
        """Return the output of all runs of a program."""
        return (self.deployment.folder / "log" / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def _spawn(self, program: Program) -> None:
        data, log = self.deployment.data(program.name), self.deployment.folder / "log"
        data.mkdir(parents=True, exist_ok=True)
        log.mkdir(parents=True, exist_ok=True)
        environ = {**os.environ, **program.environ(self.deployment), **self.deployment.settings}
        with (log / f"{program.name}.log").open("ab") as output:
            self._running[program.name] = subprocess.Popen(
                program.command(self.deployment),
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C must reach only the program that started the stack
            )

    def _wait_until_ready(self, program: Program) -> None:
        url = self.deployment.url(program.ports[0]) + program.ready
        deadline = time.monotonic() + _TIMEOUT
        while not answers(url):
            process = self._running[program.name]
            if process.poll() is not None:
                del self._running[program.name]
                raise StackError(f"{program.name} ended while it started: {self._last_lines(program.name)}")
            if time.monotonic() > deadline:
                raise StackError(f"{program.name} did not answer at {url} within {_TIMEOUT:.0f} s")
            time.sleep(_POLL)

    def _last_lines(self, name: str) -> str:
        return " / ".join(self.log(name).splitlines()[-_LAST_LINES:])


def check_ports(deployment: Deployment, programs: Iterable[Program]) -> None:
    """Check that each port is free.

    Args:
        deployment: The copy of the stack that is about to start.
        programs: The programs whose ports are checked.

    Raises:
        StackError: A port is taken; the message names it and its setting.
    """
    for program in programs:
        for port in program.ports:
            with socket.socket() as probe:
                # The programs set this option as well, so a port in TIME_WAIT counts as free.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((LOOPBACK, deployment.ports[port]))
                except OSError:
                    raise StackError(
                        f"port {deployment.ports[port]} of {program.name} is taken: "
                        f"stop the program that listens there, or set {port} to another one"
                    ) from None


def answers(url: str) -> bool:
    """Return whether a GET of `url` succeeds."""
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except (OSError, urllib.error.HTTPError):
        return False


def supervise(stack: Stack, stopping: threading.Event) -> None:
    """Restart each program that ends by itself, at most once in five seconds, until `stopping` is set."""
    while not stopping.wait(_POLL * 50):
        for name in stack.ended():
            print(f"{name} ended by itself: starting it again", flush=True)
            try:
                stack.start(name)
            except StackError as error:
                print(error, flush=True)


def stop_at_signals(stopping: threading.Event) -> None:
    """Make SIGTERM and SIGINT set `stopping`."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
