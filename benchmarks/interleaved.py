"""Interleaved rounds: measure all cases in one run, so that ratios hold on a busy machine.

A round measures the processor time of the calling thread, which other programs do not affect. Background
export finishes between the rounds, for every case. The percentiles are of single calls on the wall clock,
including the wait for locks and for the interpreter.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

ROUNDS = 21
CALLS = 1_000
_WARM_UP = 3


class Case(NamedTuple):
    """One case of a comparison.

    Attributes:
        call: Runs the case once.
        settle: Waits until the background work of the case is done.
    """

    call: Callable[[], object]
    settle: Callable[[], object] = lambda: None


class Cost(NamedTuple):
    """Nanoseconds per call: the median round in processor time, and percentiles of single calls."""

    median: float
    p50: float
    p99: float
    p999: float


def measure(cases: dict[str, Case]) -> dict[str, Cost]:
    """Return the cost of each case, including the loop around the calls."""
    rounds: dict[str, list[float]] = {name: [] for name in cases}
    singles: dict[str, list[int]] = {name: [] for name in cases}
    for number in range(_WARM_UP + ROUNDS):
        for name, case in cases.items():
            spent = _round(case.call)
            case.settle()
            if number >= _WARM_UP:
                rounds[name].append(spent)
                singles[name] += _singles(case.call)
                case.settle()
    return {name: _cost(rounds[name], sorted(singles[name])) for name in cases}


def above(costs: dict[str, Cost], bare: str) -> dict[str, float]:
    """Return the medians minus that of the case `bare`, which does only the work itself."""
    return {name: cost.median - costs[bare].median for name, cost in costs.items() if name != bare}


def table(title: str, costs: dict[str, Cost], raw: str, bare: str) -> str:
    """Return a table of the costs, with the factor by which each is cheaper than `raw`."""
    extra = above(costs, bare)
    lines = [f"{title:34s} {'ns/call':>9s} {'x raw':>7s} {'p50':>8s} {'p99':>8s} {'p99.9':>8s}"]
    for name, cost in costs.items():
        times, tail = _times(extra, raw, name), f"{cost.p50:8.0f} {cost.p99:8.0f} {cost.p999:8.0f}"
        lines.append(f"{name:34s} {cost.median:9.0f} {times} {tail}")
    return "\n".join(lines) + "\n"


def _times(extra: dict[str, float], raw: str, name: str) -> str:
    return f"{extra[raw] / extra[name]:7.1f}" if name in extra else f"{'':7s}"


def _round(call: Callable[[], object]) -> float:
    started = time.thread_time_ns()
    for _ in range(CALLS):
        call()
    return (time.thread_time_ns() - started) / CALLS


def _singles(call: Callable[[], object]) -> list[int]:
    clock, taken = time.perf_counter_ns, []
    for _ in range(CALLS):
        started = clock()
        call()
        taken.append(clock() - started)
    return taken


def _cost(rounds: list[float], singles: list[int]) -> Cost:
    at = [singles[int(len(singles) * share)] for share in (0.5, 0.99, 0.999)]
    return Cost(statistics.median(rounds), *at)
