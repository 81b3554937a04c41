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

from collector.stack.build import BuildError
from tests.stack.watched import Watched, watched
from tools.drills.running import RunningStack

SECONDS = 25
EXAMPLES = Path(trading_system.__file__).parents[1]
Start = Callable[..., RunningStack]


@pytest.fixture(scope="session")
def _is_asked_for() -> None:
    if not os.environ.get("OTEL_TRADING_STACK_TESTS"):
        pytest.skip("needs the real backends, which `make test-stack` builds and starts")


def _started(folder: Path, **settings: str) -> RunningStack:
    try:
        running = RunningStack(folder, settings)
    except BuildError as error:
        pytest.skip(str(error))
    running.stack.start()
    return running


@pytest.fixture(scope="session")
def stack(_is_asked_for: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The stack that tests share, which they leave as it is."""
    running = _started(tmp_path_factory.mktemp("stack"))
    running.install()
    yield running
    running.stack.close()


@pytest.fixture(scope="module")
def own_stack(_is_asked_for: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack for one module, whose tests end parts of it, and start them again."""
    running = _started(tmp_path_factory.mktemp("own"), OTELCOL_KEEP_PERCENT="100")
    running.install()
    yield running
    running.stack.close()


@pytest.fixture(scope="session", name="watched")
def _watched(_is_asked_for: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """The example system with a stack of its own, seen trading well, and then with faults."""
    try:
        with watched(tmp_path_factory.mktemp("watched")) as seen:
            yield seen
    except BuildError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def traded(stack: RunningStack) -> dict[str, Any]:
    """The example system traded against the stack; its venue's own counts."""
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
