"""Rates: a rate has enough samples, is compared in the intended unit, and can reach its threshold."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Final

from promql_parser import Call, MatrixSelector

from otel_trading.ops.rules.lint.detection_time import EXPORT, SCRAPE
from otel_trading.ops.rules.lint.findings import Finding, Subject, number
from otel_trading.ops.rules.promql.expressions import RATES, bare, comparisons, events_needed, walk, window

_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600}
_STATED: Final = re.compile(r"(\d+(?:\.\d+)?)(?:\s+\w+)?\s+(?:per|an?|each|every)\s+(second|minute|hour)\b")


def ranges(subject: Subject) -> Iterator[Finding]:
    """Check that the window of a rate holds two samples."""
    for node in walk(subject.expr):
        if isinstance(node, Call) and node.func.name in RATES and isinstance(node.args[0], MatrixSelector):
            pushed = any(series.pushed for series in subject.read(node))
            interval, seconds = EXPORT if pushed else SCRAPE, window(node)
            if seconds < 2 * interval:
                message = (
                    f"{node.func.name}() needs two samples, and with one every {number(interval)} s a window "
                    f"of {number(seconds)} s does not always hold them"
                )
                yield subject.finding(
                    "range-too-short", message, f"look back {number(4 * interval)} s or more"
                )


def reachable(subject: Subject) -> Iterator[Finding]:
    """Check that a series can count as fast as the threshold demands."""
    for compared in comparisons(subject.expanded):
        needed, seconds = events_needed(compared), window(bare(compared.core))
        if needed is None or compared.summed or not compared.rises:
            continue
        for series in subject.read(compared.core):
            # A window that begins and ends with an event holds one more than the rate alone allows.
            if series.max_rate is not None and needed > series.max_rate * seconds + 1:
                message = (
                    f"a series of {series.name} counts at most {number(60 * series.max_rate)} events per "
                    f"minute, and {compared.op} {number(compared.written)} demands "
                    f"{number(60 * needed / seconds)}: it is never true"
                )
                fix = (
                    "rate() is per second: compare 60 * rate(...) with a number per minute that it can reach"
                )
                yield subject.finding("unreachable-rate", message, fix)


def units(subject: Subject) -> Iterator[Finding]:
    """Check that a number with a unit in the annotations is compared in that unit."""
    stated = [pair for text in subject.rule.annotations.values() for pair in _STATED.findall(text)]
    for compared in comparisons(subject.expanded):
        needed, seconds = events_needed(compared), window(bare(compared.core))
        same = [(float(n), unit) for n, unit in stated if needed and float(n) == compared.written]
        if needed is None or not same or any(_means(n, unit, needed / seconds) for n, unit in same):
            continue
        count, unit = same[0]
        message = (
            f"the annotations say {number(count)} per {unit}, and {compared.op} {number(compared.written)} "
            f"here means {number(_SECONDS[unit] * needed / seconds)} per {unit}"
        )
        fix = "rate() is per second and increase() per window: multiply to get the intended unit"
        yield subject.finding("rate-unit", message, fix)


def _means(count: float, unit: str, per_second: float) -> bool:
    return math.isclose(count / _SECONDS[unit], per_second, rel_tol=0.01)
