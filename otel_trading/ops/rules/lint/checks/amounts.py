"""Amounts: a rule adds up money that is spread over series before it compares the money with a limit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from promql_parser import Call, Expr, MatrixSelector, VectorSelector

from otel_trading.ops.rules.lint.findings import Finding, Subject, listed, number
from otel_trading.ops.rules.promql.expressions import Comparison, bare, comparisons, matchers_of
from otel_trading.ops.rules.promql.vocabulary import KnownSeries

_CURRENCY: Final = re.compile("[A-Z]{3}")


def parts(subject: Subject) -> Iterator[Finding]:
    """Check that a limit in money is not compared with each part of the amount."""
    for compared in comparisons(subject.expanded):
        selector = None if compared.grouped else _selector(compared.core)
        for series in subject.vocabulary.read_by(selector) if selector is not None else ():
            fixed = {each.label for each in matchers_of(selector) if each.op == "="} if selector else set()
            if _is_amount(series) and series.labels.keys() - fixed:
                yield _finding(subject, compared, series, series.labels.keys() - fixed)


def _selector(core: Expr) -> VectorSelector | None:
    """Return the selector whose series are compared one by one, now or over a range; else None."""
    core = bare(core)
    if isinstance(core, Call) and core.func.name.endswith("_over_time"):
        core = next((arg for arg in core.args if isinstance(arg, MatrixSelector)), core)
    if isinstance(core, MatrixSelector):
        return core.vector_selector
    return core if isinstance(core, VectorSelector) else None


def _is_amount(series: KnownSeries) -> bool:
    """Return whether the series can be added up, and hold money."""
    return series.kind == "updowncounter" and _CURRENCY.fullmatch(series.unit) is not None


def _finding(subject: Subject, compared: Comparison, series: KnownSeries, labels: set[str]) -> Finding:
    message = (
        f"{series.name} is an amount in {series.unit} that is spread over {listed(labels)}, and the rule "
        f"compares each part alone: the sum may be far beyond {number(compared.written)} while no part is"
    )
    fix = (
        f"add up the parts that share the limit: sum by (deployment_environment_name) ({series.name}); "
        f"or, if each part has a limit of its own, group by it: sum by ({listed(labels)}) (...)"
    )
    return subject.finding("part-of-an-amount", message, fix)
