"""Shares: quantiles and quotients, which are meaningful only for enough events."""

from __future__ import annotations

from typing import Final

from promql_parser import BinaryExpr, Call, Expr

from otel_trading.ops.rules.promql.expressions import (
    RATES,
    Comparison,
    bare,
    comparison,
    constant,
    is_binary,
    matchers_of,
    name_of,
    selectors,
    walk,
)
from otel_trading.ops.rules.promql.vocabulary import HISTOGRAM_PARTS

Events = tuple[str, frozenset[str]]
"""The events of a counter: the metric's name without `_bucket` or `_count`, and its label conditions."""

_COUNTS: Final = RATES | {"count_over_time", "sum_over_time"}


def quantile(node: Expr) -> tuple[float, Expr] | None:
    """Return the quantile and the buckets of a `histogram_quantile` with a constant quantile, else None."""
    node = bare(node)
    if isinstance(node, Call) and node.func.name == "histogram_quantile":
        share = constant(node.args[0])
        return None if share is None else (share, node.args[1])
    return None


def quotient(node: Expr) -> BinaryExpr | None:
    """Return the division of two counts of events, also from `1 - a / b`; else None."""
    node = bare(node)
    if isinstance(node, BinaryExpr) and str(node.op) == "-" and constant(node.lhs) is not None:
        node = bare(node.rhs)
    if isinstance(node, BinaryExpr) and str(node.op) == "/" and all(map(_counts, (node.lhs, node.rhs))):
        return node
    return None


def _counts(node: Expr) -> bool:
    return any(isinstance(part, Call) and part.func.name in _COUNTS for part in walk(node))


def events(node: Expr) -> set[Events]:
    """Return the events that an expression counts."""
    found = set()
    for selector in selectors(node):
        name = name_of(selector) or ""
        for part in HISTOGRAM_PARTS:
            name = name.removesuffix(part)
        found.add((name, frozenset(str(each) for each in matchers_of(selector) if each.label != "le")))
    return found


def traffic(alternative: list[Expr]) -> set[Events]:
    """Return the events that the quantiles and quotients of an alternative are a share of."""
    found: set[Events] = set()
    for compared in filter(None, map(comparison, alternative)):
        buckets, division = quantile(compared.core), quotient(compared.core)
        if buckets is not None:
            found |= events(buckets[1])
        if division is not None:
            found |= events(division.rhs)
    return found


def is_minimum(compared: Comparison) -> bool:
    """Return whether a comparison requires a minimum number of events."""
    # A quotient or difference of counts is a share or a balance, which is not a number of events.
    core = bare(compared.core)
    is_share = quantile(core) is not None or is_binary(core, "/", "-")
    return compared.rises and compared.threshold > 0 and not is_share and _counts(core)
