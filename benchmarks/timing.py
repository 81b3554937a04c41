"""Timing: statements as users write them, measured in turns, so that the machine's moods hit all alike."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

ROUNDS = 150
TURN_NS = 200_000
"""How long one loop runs: shorter than what the system gives a process at a time, so that few are cut."""

SAMPLES = 20_000

Loop = Callable[[int], float]


class Spread(NamedTuple):
    """Nanoseconds per call: the median of loops, and of single calls the 99th and 99.9th percentile.

    A single call's time holds the reading of the clock, about 40 ns, which a loop spreads over its calls.
    """

    median: float
    p99: float
    p999: float


def loop(statement: str, names: Mapping[str, object]) -> Loop:
    """Compile a loop over a statement: nanoseconds per turn."""
    source = f"def loop(n):\n t = clock()\n for _ in range(n):\n  {statement}\n return (clock() - t) / n"
    return _compiled(source, names)


def single(statement: str, names: Mapping[str, object], before: str = "pass") -> Callable[[int], list[int]]:
    """Compile a loop that times every call of a statement by itself, and not what comes `before` it."""
    source = (
        f"def loop(n):\n seen = [0] * n\n for i in range(n):\n  {before}\n  t = clock()\n"
        f"  {statement}\n  seen[i] = clock() - t\n return seen"
    )
    return _compiled(source, names)


def medians(loops: Mapping[str, Loop]) -> dict[str, float]:
    """Return the median nanoseconds per call of each loop, without what an empty loop takes."""
    loops = {"": loop("pass", {}), **loops}
    calls = {name: max(1, int(TURN_NS / min(run(10) for _ in range(5)))) for name, run in loops.items()}
    taken: dict[str, list[float]] = {name: [] for name in loops}
    gc.collect()
    for _ in range(ROUNDS):
        for name, run in loops.items():
            taken[name].append(run(calls[name]))
    middle = {name: statistics.median(seen) for name, seen in taken.items()}
    empty = middle.pop("")
    return {name: max(ns - empty, 0.1) for name, ns in middle.items()}


def percentile(seen: list[int], share: float) -> float:
    """Return the value below which `share` of all lie."""
    return sorted(seen)[min(int(len(seen) * share), len(seen) - 1)]


def spreads(statements: Mapping[str, str], names: Mapping[str, object]) -> dict[str, Spread]:
    """Return median, p99 and p99.9 of each statement, from one run in turns."""
    middle = medians({name: loop(statement, names) for name, statement in statements.items()})
    tails = {}
    for name, statement in statements.items():
        seen = single(statement, names)(SAMPLES)
        tails[name] = (percentile(seen, 0.99), percentile(seen, 0.999))
    return {name: Spread(middle[name], *tails[name]) for name in statements}


def _compiled(source: str, names: Mapping[str, object]) -> Callable[[int], object]:
    scope = {**names, "clock": time.perf_counter_ns}
    exec(source, scope)  # noqa: S102 - the statement is one of ours
    return scope["loop"]  # type: ignore[return-value]
