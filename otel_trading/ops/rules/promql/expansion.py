"""Expansion: replaces the names of recorded series by the expressions of their recording rules."""

from __future__ import annotations

from promql_parser import Expr, MatrixSelector, VectorSelector, transform

from otel_trading.ops.rules.promql.expressions import matchers_of, name_of
from otel_trading.ops.rules.promql.vocabulary import Vocabulary
from otel_trading.ops.rules.rule_file import Rule


def expand(expr: Expr, vocabulary: Vocabulary) -> Expr:
    """Replace the names of recorded series by the expressions of their recording rules.

    A name stays if several rules record matching series, and inside a range, where PromQL allows only a
    selector (https://prometheus.io/docs/prometheus/latest/querying/basics/#range-vector-selectors).

    Args:
        expr: The expression that reads the names.
        vocabulary: The known series, with the recording rules.
    """
    in_range = False

    def enter(node: Expr) -> None:
        nonlocal in_range
        in_range = in_range or isinstance(node, MatrixSelector)

    def leave(node: Expr) -> Expr | None:
        nonlocal in_range
        if isinstance(node, MatrixSelector):
            in_range = False
        elif isinstance(node, VectorSelector) and not in_range and node.offset is None:
            return _recorded(node, vocabulary)
        return None

    return transform(expr, enter, leave)


def _recorded(selector: VectorSelector, vocabulary: Vocabulary) -> Expr | None:
    name = name_of(selector) or ""
    found = [expr for rule, expr in vocabulary.recorded(name) if _writes(rule, selector)]
    # Without the name itself, a rule that reads its own output cannot recurse for ever.
    return expand(found[0], vocabulary.without(name)) if len(found) == 1 else None


def _writes(rule: Rule, selector: VectorSelector) -> bool:
    conditions = matchers_of(selector)
    return all(each.accepts(rule.labels[each.label]) for each in conditions if each.label in rule.labels)
