"""Cumulative: finds expressions whose value is the total of a counter since its process started."""

from __future__ import annotations

from typing import Final

from promql_parser import AggregateExpr, BinaryExpr, Call, Expr, VectorSelector

from otel_trading.ops.rules.promql.expressions import (
    COMPARISONS,
    RATES,
    bare,
    children,
    constant,
    finds_new_series,
)
from otel_trading.ops.rules.promql.vocabulary import Vocabulary

_OF_A_WINDOW: Final = RATES | {"changes", "delta", "deriv", "idelta", "predict_linear", "resets"}
_OF_SAMPLES: Final = frozenset(
    {"absent", "absent_over_time", "count_over_time", "present_over_time", "timestamp"}
)
_OF_SERIES: Final = frozenset({"count", "count_values", "group"})


def is_cumulative(node: Expr, vocabulary: Vocabulary) -> bool:
    """Return whether an expression depends on how long ago the process of a counter started.

    Args:
        node: The expression.
        vocabulary: The known series, counters among them.
    """
    node = bare(node)
    if isinstance(node, VectorSelector):
        return any(series.kind == "counter" for series in vocabulary.read_by(node))
    if isinstance(node, BinaryExpr):
        return _is_cumulative_pair(node, vocabulary)
    if isinstance(node, Call) and node.func.name in _OF_A_WINDOW | _OF_SAMPLES:
        return False
    if isinstance(node, AggregateExpr) and str(node.op) in _OF_SERIES:
        return False
    return any(is_cumulative(child, vocabulary) for child in children(node))


def _is_cumulative_pair(node: BinaryExpr, vocabulary: Vocabulary) -> bool:
    left, right = (is_cumulative(side, vocabulary) for side in (node.lhs, node.rhs))
    op = str(node.op)
    # `x unless x offset 5m` has a result only while a series is new, so it resolves by itself.
    if op == "unless":
        return left and not finds_new_series(node)
    if op == "-":  # the difference of two counters is a level
        return left and constant(node.rhs) is not None
    return left if op in COMPARISONS or op == "and" else left or right
