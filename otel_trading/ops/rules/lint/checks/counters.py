"""Counters: a rule reads what they counted lately, from the first event on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from promql_parser import Call, VectorSelector, display_duration

from otel_trading.ops.rules.lint.findings import Finding, Subject, number
from otel_trading.ops.rules.promql.cumulative import is_cumulative
from otel_trading.ops.rules.promql.expressions import (
    RATES,
    comparison,
    comparisons,
    events_needed,
    finds_new_series,
    walk,
    ways,
    window,
)


def bare_counters(subject: Subject) -> Iterator[Finding]:
    """No counter is judged by how much it has counted since its process started."""
    for compared in comparisons(subject.expanded):
        if not is_cumulative(compared.core, subject.vocabulary):
            continue
        name = next(each.name for each in subject.read(compared.core) if each.kind == "counter")
        asked = f"{compared.op} {number(compared.written)}"
        says = f"{name} counts from the start of its process, so {asked} is about all the time since then"
        if isinstance(compared.core, VectorSelector) and compared.op in {">", ">="}:
            says = (
                f"{name} counts from the start of its process and never falls: once it is {asked} it stays "
                "so, and the alert does not resolve until a restart"
            )
        mend = f"alert on a state, or on what was counted lately: increase({name}[5m])"
        yield subject.finding("bare-counter", says, mend)


def rates_of_levels(subject: Subject) -> Iterator[Finding]:
    """No rate is taken of what may fall."""
    for node in walk(subject.expr):
        if isinstance(node, Call) and node.func.name in RATES:
            for series in subject.read(node):
                if series.kind in {"gauge", "updowncounter"}:
                    says = f"{series.name} may fall, and {node.func.name}() takes each fall for a restart"
                    mend = f"use delta() or deriv(), or compare {series.name} itself"
                    yield subject.finding("rate-of-level", says, mend)


def first_events(subject: Subject) -> Iterator[Finding]:
    """Where one event is all that it takes, the first one of a series is seen, too."""
    noticed = finds_new_series(subject.expr)
    for way in ways(subject.expanded):
        compared = comparison(way[0])
        needed = None if compared is None or len(way) > 1 else events_needed(compared)
        if compared is None or needed is None or needed > 1 or not compared.rises:
            continue
        counters = [each for each in subject.read(way[0]) if each.kind == "counter"]
        unseen = {each.name for each in counters if not each.born_at_zero} - noticed
        if unseen:
            name, ago = min(unseen), display_duration(timedelta(seconds=window(way[0])))
            says = (
                f"a series of {name} may begin with its first event, which is no increase, so it is not seen"
            )
            mend = f"add `or ({name} unless {name} offset {ago}) > 0`, with its conditions and grouping"
            yield subject.finding("first-event-unseen", says, mend)
