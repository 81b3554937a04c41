"""Rules: the mutants of an alert rule.

A mutant lacks an operand of `and`, `or` or `unless`, a condition on a label, a label of a grouping or a
matching, a comparison, an offset, the `for` or the `keep_firing_for`; or it has another threshold or a longer
hold.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from promql_parser import (
    AggregateExpr,
    BinaryExpr,
    Expr,
    LabelModifier,
    LabelModifierType,
    NumberLiteral,
    VectorSelector,
    display_duration,
    parse,
    parse_duration,
    transform,
)

_COMPARISONS: Final = {">", ">=", "<", "<=", "==", "!="}
_SETS: Final = {"and", "or", "unless"}
_HOLDS: Final = ("for", "keep_firing_for")
_NUDGE: Final = 0.25

Rule = dict[str, Any]


@dataclass(frozen=True)
class ChangedRule:
    """A rule with one clause changed.

    Attributes:
        change: The change in words.
        rule: The changed rule in the structure of a rule file.
    """

    change: str
    rule: Rule


def mutants(rule: Rule) -> Iterator[ChangedRule]:
    """Yield every mutant of an alert.

    Args:
        rule: The alert in the structure of a rule file.
    """
    for change, expr in _expressions(parse(rule["expr"])):
        yield ChangedRule(change, {**rule, "expr": expr.prettify()})
    for hold in _HOLDS:
        if hold in rule:
            yield ChangedRule(f"without {hold}", {key: value for key, value in rule.items() if key != hold})
            longer = display_duration(2 * parse_duration(rule[hold]))
            yield ChangedRule(f"{hold} twice as long", {**rule, hold: longer})


def _expressions(expr: Expr) -> Iterator[tuple[str, Expr]]:
    nodes: list[Expr] = []
    transform(expr, post_visit=nodes.append)
    for place, node in enumerate(nodes):
        for change, other in _changed(node):
            yield change, _replaced(expr, place, other)


def _replaced(expr: Expr, place: int, other: Expr) -> Expr:
    """Return an expression with another node in place of the `place`th that a traversal visits."""
    visits = iter(range(sys.maxsize))
    return transform(expr, post_visit=lambda _: other if next(visits) == place else None)


def _changed(node: Expr) -> Iterator[tuple[str, Expr]]:
    """Yield each change of a node: the change in words, and the changed node."""
    if isinstance(node, VectorSelector):
        yield from _selectors(node)
    if isinstance(node, AggregateExpr) and node.modifier is not None:
        yield from _groupings(node)
    if isinstance(node, BinaryExpr) and str(node.op) in _SETS:
        yield f"without the right side of `{node.op}`: {_line(node.rhs)}", node.lhs
        if str(node.op) != "unless":
            yield f"without the left side of `{node.op}`: {_line(node.lhs)}", node.rhs
        yield from _matchings(node)
    if isinstance(node, BinaryExpr) and str(node.op) in _COMPARISONS:
        yield from _comparisons(node)


def _selectors(node: VectorSelector) -> Iterator[tuple[str, Expr]]:
    conditions = [str(each) for each in node.matchers.matchers]
    after = str(node)[len(str(node).partition(" offset ")[0]) :]
    for condition in conditions:
        kept = ", ".join(each for each in conditions if each != condition)
        if node.name or kept:
            yield f"{node.name} without {condition}", parse(f"{node.name or ''}{{{kept}}}{after}")
    if after:
        yield f"{node.name} without{after}", parse(str(node).removesuffix(after))


def _groupings(node: AggregateExpr) -> Iterator[tuple[str, Expr]]:
    labels = node.modifier.labels if node.modifier else []
    for label in labels:
        kept = ", ".join(each for each in labels if each != label)
        yield (
            f"{node.op} by all but {label}: {_line(node)}",
            parse(f"{node.op} by ({kept}) ({node.expr.prettify()})"),
        )


def _matchings(node: BinaryExpr) -> Iterator[tuple[str, Expr]]:
    matching: LabelModifier | None = node.modifier.matching if node.modifier else None
    if matching is None or matching.type != LabelModifierType.Include:
        return
    for label in matching.labels:
        kept = ", ".join(each for each in matching.labels if each != label)
        text = f"({node.lhs.prettify()}) {node.op} on ({kept}) ({node.rhs.prettify()})"
        yield f"`{node.op}` not on {label}: {_line(node.rhs)}", parse(text)


def _comparisons(node: BinaryExpr) -> Iterator[tuple[str, Expr]]:
    yield f"without `{node.op} {_line(node.rhs)}`: {_line(node.lhs)}", node.lhs
    if isinstance(node.rhs, NumberLiteral):
        step = abs(node.rhs.val) * _NUDGE or 1.0
        for value in (node.rhs.val - step, node.rhs.val + step):
            change = f"`{node.op} {value:g}` in place of {node.rhs.val:g}: {_line(node.lhs)}"
            yield change, parse(f"({node.lhs.prettify()}) {node.op} {value!r}")


def _line(expr: Expr) -> str:
    return " ".join(expr.prettify().split())
