"""`make stack` starts every program once, and `make stack-down` leaves nothing behind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from collector.stack.programs import CONFIG, PROGRAMS, free_ports
from tools.drills.running import poll_until

Environ = dict[str, str]


@pytest.fixture
def environ(_stack_is_enabled: None, tmp_path: Path) -> Iterator[Environ]:
    """Yield the environment of a stack on free ports, and stop the stack after the test."""
    ports = {name: str(port) for name, port in free_ports().items()}
    environ = {**os.environ, **ports, "OTEL_TRADING_STACK": str(tmp_path / "stack")}
    yield environ
    run("down", environ)


def run(command: str, environ: Environ) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stack", command, "--native"],
        cwd=CONFIG,
        env=environ,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def programs_of(environ: Environ) -> list[psutil.Process]:
    """Return the processes that the supervisor of the stack has started."""
    supervisor = Path(environ["OTEL_TRADING_STACK"]) / "supervisor"
    return psutil.Process(int(supervisor.read_text())).children(recursive=True)


def test_the_stack_starts_once_and_leaves_nothing_behind(environ):
    up = run("up", environ)
    assert up.returncode == 0, up.stdout + up.stderr
    for name in PROGRAMS:
        assert f"  {name:14} up\n" in up.stdout
    processes = programs_of(environ)
    assert len(processes) == len(PROGRAMS)

    again = run("up", environ)
    assert again.returncode == 0
    assert again.stdout.startswith("the stack runs already\n")
    assert programs_of(environ) == processes

    assert run("down", environ).stdout == "the stack is down\n"
    assert not any(process.is_running() for process in processes)
    assert not Path(environ["OTEL_TRADING_STACK"]).exists()
    assert run("down", environ).stdout == "no stack was running\n"


def test_a_program_that_ends_by_itself_is_started_again(environ):
    assert run("up", environ).returncode == 0
    before = programs_of(environ)
    jaeger = next(process for process in before if "jaeger" in process.name())
    jaeger.kill()
    jaeger.wait(10)
    poll_until("it runs again", lambda: len(programs_of(environ)) == len(PROGRAMS))
    assert {p.pid for p in before} - {p.pid for p in programs_of(environ)} == {jaeger.pid}


def test_a_port_that_is_taken_is_named_with_its_setting(environ):
    with socket.create_server(("127.0.0.1", int(environ["JAEGER_PORT"]))):
        up = run("up", environ)
    assert up.returncode == 2
    port = environ["JAEGER_PORT"]
    assert f"port {port} of jaeger is taken" in up.stderr
    assert "set JAEGER_PORT to another one" in up.stderr
