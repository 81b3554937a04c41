"""Engine: makes each mutant in a folder of its own, and runs its tests there in a bounded time."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROCESSES: Final = 2
LIMIT_S: Final = 100.0


@dataclass(frozen=True)
class Ended:
    """The end of one test run.

    Attributes:
        code: The exit code, or None if the run was killed at its limit.
        output: The text that the run printed.
    """

    code: int | None
    output: str


def failed(ended: Ended) -> bool:
    """Return whether a run ended with an error."""
    return ended.code != 0


@dataclass(frozen=True)
class Mutant:
    """One change, and the tests that must notice it.

    Attributes:
        name: The change in words, for the report.
        make: Writes the changed copy into an empty folder, and returns the folder in which the tests run.
        commands: The test commands; a later one runs only if no earlier one noticed the change.
        notices: Returns whether the end of a run shows that the test noticed the change.
        environ: Returns the environment of the tests for the folder in which they run.
        limit: The longest run in seconds, or None for no limit.
    """

    name: str
    make: Callable[[Path], Path]
    commands: Sequence[Sequence[str]]
    notices: Callable[[Ended], bool] = failed
    environ: Callable[[Path], Mapping[str, str]] = lambda _: os.environ
    limit: float | None = LIMIT_S


@dataclass(frozen=True)
class Verdict:
    """The result of a mutant: whether a test noticed it, and the end of the last run."""

    mutant: Mutant
    is_noticed: bool
    ended: Ended


def judge(mutant: Mutant) -> Verdict:
    """Make a mutant in a temporary folder, and run its tests until one of them notices it."""
    ended = Ended(0, "")
    with tempfile.TemporaryDirectory() as folder:
        tree = mutant.make(Path(folder))
        for command in mutant.commands:
            ended = _run(command, tree, mutant.environ(tree), mutant.limit)
            if mutant.notices(ended):
                return Verdict(mutant, is_noticed=True, ended=ended)
    return Verdict(mutant, is_noticed=False, ended=ended)


def _run(command: Sequence[str], folder: Path, environ: Mapping[str, str], limit: float | None) -> Ended:
    child = subprocess.Popen(
        command,
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = child.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)  # ends the processes that the test started as well
        child.communicate()
        return Ended(None, f"E  did not end within {limit:g} s")
    return Ended(child.returncode, output)


def judge_all(mutants: Sequence[Mutant], report: Callable[[Verdict], None]) -> list[Verdict]:
    """Judge mutants, a few at a time.

    Args:
        mutants: The mutants.
        report: Prints one verdict; called as soon as the verdict is known.

    Returns:
        The verdicts, in the order of the mutants.
    """

    def judged(mutant: Mutant) -> Verdict:
        verdict = judge(mutant)
        report(verdict)
        return verdict

    with ThreadPoolExecutor(PROCESSES) as pool:
        return list(pool.map(judged, mutants))


def exit_code(verdicts: Sequence[Verdict]) -> int:
    """Return 1 if a mutant survived, else 0."""
    return int(not all(verdict.is_noticed for verdict in verdicts))
