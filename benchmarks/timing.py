"""Timing: measure statements as users write them, in turns, so that noise affects all alike."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

ROUNDS = 150
TURN_NS = 200_000
"""How long one loop runs: less than a time slice of the scheduler, so that few loops are interrupted."""

SAMPLES = 20_000

Loop = Callable[[int], float]


class Spread(NamedTuple):
    """Nanoseconds per call: the median of loops, and the 99th and 99.9th percentiles of single calls.

    The time of a single call includes about 40 ns for reading the clock, which a loop spreads over its calls.
    """

    median: float
    p99: float
    p999: float


def loop(statement: str, names: Mapping[str, object]) -> Loop:
    """Return a compiled loop over a statement, which returns nanoseconds per iteration."""
    source = f"def loop(n):\n t = clock()\n for _ in range(n):\n  {statement}\n return (clock() - t) / n"
    return _compiled(source, names)


def single(statement: str, names: Mapping[str, object], before: str = "pass") -> Callable[[int], list[int]]:
    """Return a compiled loop that times each execution of a statement, without the part `before` it."""
    source = (
        f"def loop(n):\n seen = [0] * n\n for i in range(n):\n  {before}\n  t = clock()\n"
        f"  {statement}\n  seen[i] = clock() - t\n return seen"
    )
    return _compiled(source, names)


def medians(loops: Mapping[str, Loop]) -> dict[str, float]:
    """Return the median nanoseconds per call of each loop, minus those of an empty loop."""
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
    """Return the value below which a share of all values lies."""
    return sorted(seen)[min(int(len(seen) * share), len(seen) - 1)]


def spreads(statements: Mapping[str, str], names: Mapping[str, object]) -> dict[str, Spread]:
    """Return the median, p99 and p99.9 of each statement, from one run in turns."""
    middle = medians({name: loop(statement, names) for name, statement in statements.items()})
    tails = {}
    for name, statement in statements.items():
        seen = single(statement, names)(SAMPLES)
        tails[name] = (percentile(seen, 0.99), percentile(seen, 0.999))
    return {name: Spread(middle[name], *tails[name]) for name in statements}


def _compiled(source: str, names: Mapping[str, object]) -> Callable[[int], object]:
    scope = {**names, "clock": time.perf_counter_ns}
    exec(source, scope)  # noqa: S102 - the statement comes from a benchmark
    return scope["loop"]  # type: ignore[return-value]
