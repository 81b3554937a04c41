"""The real programs, built once, started on free ports; `make test-stack` runs these tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trading_system

from collector.stack.build import BuildError, build
from tests.stack.watched import Watched, watched
from tools.drills.running import RunningStack, poll_until

SECONDS = 25
EXPORT_INTERVAL = 5.0
HEARTBEAT = 'trading_service_heartbeat_timestamp_seconds{deployment_environment_name="test"}'
EXAMPLES = Path(trading_system.__file__).parents[1]
Start = Callable[..., RunningStack]


@pytest.fixture(scope="session")
def _stack_is_enabled() -> None:
    if not os.environ.get("OTEL_TRADING_STACK_TESTS"):
        pytest.skip("needs the real backends, which `make test-stack` builds and starts")


def _built(component: str, program: str) -> Path:
    try:
        return build([component])[component] / program
    except BuildError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def amtool(_stack_is_enabled: None) -> Path:
    return _built("alertmanager", "amtool")


@pytest.fixture(scope="session")
def promtool(_stack_is_enabled: None) -> Path:
    return _built("prometheus", "promtool")


def _started(folder: Path, **settings: str) -> RunningStack:
    try:
        running = RunningStack(folder, settings)
    except BuildError as error:
        pytest.skip(str(error))
    running.programs.start()
    return running


@pytest.fixture(scope="session")
def stack(_stack_is_enabled: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Yield the stack that all tests share and do not change."""
    running = _started(tmp_path_factory.mktemp("stack"))
    running.install()
    yield running
    running.programs.close()


@pytest.fixture(scope="module")
def own_stack(_stack_is_enabled: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Yield a stack for one module, whose tests stop and restart programs."""
    running = _started(tmp_path_factory.mktemp("own"), OTELCOL_KEEP_PERCENT="100")
    running.install()
    yield running
    running.programs.close()


@pytest.fixture(scope="session", name="watched")
def _watched(_stack_is_enabled: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Yield the example system on its own stack, after it traded without and then with faults."""
    try:
        with watched(tmp_path_factory.mktemp("watched")) as seen:
            yield seen
    except BuildError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def traded(stack: RunningStack) -> dict[str, Any]:
    """Let the example system trade on the stack, and return the counts of its venue."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "TRADING_"))}
    done = subprocess.run(
        [sys.executable, "-m", "trading_system.run", "--seconds", str(SECONDS)],
        env={
            **kept,
            **stack.environ(),
            "PYTHONPATH": str(EXAMPLES),
            "OTEL_TRADING_ENVIRONMENT": "test",
        },
        capture_output=True,
        text=True,
        timeout=SECONDS + 90,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    lines = [line for line in map(json.loads, done.stdout.splitlines()) if "service" not in line]
    (ended,) = (line for line in lines if line["message"] == "ended")
    assert not any(any(one["losses"].values()) for one in ended["health"].values())
    counts: dict[str, Any] = next(line["counts"] for line in reversed(lines) if line.get("counts"))
    return counts


@pytest.fixture(scope="session")
def ended(stack: RunningStack, traded: dict[str, Any]) -> float:
    """Return the time of the services' last export, in Unix seconds; queries for a later time find no series."""
    newest = f"max(last_over_time({HEARTBEAT}[1h]))"
    beats = poll_until("a heartbeat is in Prometheus", lambda: stack.prometheus.query(newest))
    return float(beats[0]["value"][1]) + EXPORT_INTERVAL
