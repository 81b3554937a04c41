"""Counters: a rule reads their recent increase, and sees the first event of a series."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from promql_parser import Call, VectorSelector, display_duration

from otel_trading.ops.rules.lint.findings import Finding, Subject, number
from otel_trading.ops.rules.promql.cumulative import is_cumulative
from otel_trading.ops.rules.promql.expressions import (
    RATES,
    alternatives,
    comparison,
    comparisons,
    events_needed,
    finds_new_series,
    walk,
    window,
)


def bare_counters(subject: Subject) -> Iterator[Finding]:
    """Check that no threshold is compared with the total of a counter since its process started."""
    for compared in comparisons(subject.expanded):
        if not is_cumulative(compared.core, subject.vocabulary):
            continue
        name = next(each.name for each in subject.read(compared.core) if each.kind == "counter")
        asked = f"{compared.op} {number(compared.written)}"
        message = f"{name} counts from the start of its process, so {asked} covers all the time since then"
        if isinstance(compared.core, VectorSelector) and compared.op in {">", ">="}:
            message = (
                f"{name} counts from the start of its process and never falls: once it is {asked} it stays "
                "so, and the alert does not resolve until a restart"
            )
        fix = f"alert on a state, or on the recent increase: increase({name}[5m])"
        yield subject.finding("bare-counter", message, fix)


def rates_of_levels(subject: Subject) -> Iterator[Finding]:
    """Check that no rate is taken of a series that may fall."""
    for node in walk(subject.expr):
        if isinstance(node, Call) and node.func.name in RATES:
            for series in subject.read(node):
                if series.kind in {"gauge", "updowncounter"}:
                    message = f"{series.name} may fall, and {node.func.name}() treats each fall as a restart"
                    fix = f"use delta() or deriv(), or compare {series.name} itself"
                    yield subject.finding("rate-of-level", message, fix)


def first_events(subject: Subject) -> Iterator[Finding]:
    """Check that a rule that fires on one event also sees the first event of a new series."""
    noticed = finds_new_series(subject.expr)
    for alternative in alternatives(subject.expanded):
        compared = comparison(alternative[0])
        needed = None if compared is None or len(alternative) > 1 else events_needed(compared)
        if compared is None or needed is None or needed > 1 or not compared.rises:
            continue
        counters = [each for each in subject.read(alternative[0]) if each.kind == "counter"]
        unseen = {each.name for each in counters if not each.born_at_zero} - noticed
        if unseen:
            name, ago = min(unseen), display_duration(timedelta(seconds=window(alternative[0])))
            message = (
                f"a series of {name} may begin with its first event, which increase() and rate() do not count"
            )
            fix = f"add `or ({name} unless {name} offset {ago}) > 0`, with its conditions and grouping"
            yield subject.finding("first-event-unseen", message, fix)
