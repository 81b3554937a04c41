"""Expressions: the parts of a PromQL expression, its comparisons, and the alternatives that make it true.

The language is described at https://prometheus.io/docs/prometheus/latest/querying/basics/ .
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from operator import add, mul, sub, truediv
from typing import Final, NamedTuple

from promql_parser import (
    AggregateExpr,
    BinaryExpr,
    Call,
    Expr,
    MatrixSelector,
    NumberLiteral,
    ParenExpr,
    SubqueryExpr,
    UnaryExpr,
    ValueType,
    VectorSelector,
)

COMPARISONS: Final = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "==": "==", "!=": "!="}
"""The comparison operators, each with its mirror image for exchanged sides."""

RATES: Final = frozenset({"rate", "irate", "increase"})
ABSENCE: Final = frozenset({"absent", "absent_over_time"})
_ARITHMETIC: Final = {"+": add, "-": sub, "*": mul, "/": truediv}
_KEEPS_VALUE: Final = frozenset({"label_replace", "label_join", "sort", "sort_desc"})
_KEEPS_UNIT: Final = frozenset({"sum", "max", "min", "avg"})
_MATCH_OPS: Final = {
    "MatchOp.Equal": "=",
    "MatchOp.NotEqual": "!=",
    "MatchOp.Re": "=~",
    "MatchOp.NotRe": "!~",
}
_LABEL_MATCHERS: Final = re.compile(r'\{(?:[^"}]|"(?:\\.|[^"\\])*")*\}')


@dataclass(frozen=True)
class Condition:
    """A matcher of a selector.

    Attributes:
        label: The name of the label.
        op: One of "=", "!=", "=~", "!~".
        value: The value, or the pattern, which must match the whole value of the label.
    """

    label: str
    op: str
    value: str

    def accepts(self, value: str) -> bool:
        """Return whether a value fulfils the condition; a pattern that `re` cannot read accepts any value."""
        if "~" not in self.op:
            return (value == self.value) == (self.op == "=")
        # Prometheus anchors patterns at both ends and uses RE2, whose syntax `re` reads except for rare
        # constructs: https://prometheus.io/docs/prometheus/latest/querying/basics/#instant-vector-selectors
        try:
            return (re.fullmatch(self.value, value) is not None) == (self.op == "=~")
        except re.error:
            return True

    def __str__(self) -> str:
        return f'{self.label}{self.op}"{self.value}"'


@dataclass(frozen=True)
class Comparison:
    """A comparison of a vector with a number.

    Attributes:
        core: The vector without parentheses, constant factors and aggregations that keep its unit.
        op: The operator with the vector on the left, such as ">".
        threshold: The number that the core is compared with, in the unit of the core.
        written: The number in the expression, verbatim.
        summed: Whether an aggregation around the core adds up series.
        grouped: Whether any aggregation stands around the core.
    """

    core: Expr
    op: str
    threshold: float
    written: float
    summed: bool
    grouped: bool

    @property
    def rises(self) -> bool:
        """Whether a value must rise to the threshold to make the comparison true; else it must fall."""
        return self.op in {">", ">="} or (self.op == "==" and self.threshold > 0)


def children(node: Expr) -> list[Expr]:
    """Return the direct parts of an expression."""
    if isinstance(node, BinaryExpr):
        return [node.lhs, node.rhs]
    if isinstance(node, AggregateExpr):
        return [node.expr, *([node.param] if isinstance(node.param, Expr) else [])]
    if isinstance(node, Call):
        return list(node.args)
    if isinstance(node, MatrixSelector):
        return [node.vector_selector]
    return [node.expr] if isinstance(node, ParenExpr | UnaryExpr | SubqueryExpr) else []


def walk(node: Expr) -> Iterator[Expr]:
    """Yield an expression and all its parts, outer parts first."""
    yield node
    for child in children(node):
        yield from walk(child)


def selectors(node: Expr) -> Iterator[VectorSelector]:
    """Yield the selectors of an expression in the order of the text."""
    return (part for part in walk(node) if isinstance(part, VectorSelector))


def name_of(selector: VectorSelector) -> str | None:
    """Return the metric name of a selector, or None if it selects by a pattern or by labels only."""
    named = (each.value for each in patterns_of(selector) if each.op == "=")
    return selector.name or next(named, None)


def matchers_of(selector: VectorSelector) -> list[Condition]:
    """Return the conditions on labels, without those on the metric name."""
    return [each for each in _conditions(selector) if each.label != "__name__"]


def patterns_of(selector: VectorSelector) -> list[Condition]:
    """Return the conditions on the metric name."""
    return [each for each in _conditions(selector) if each.label == "__name__"]


def _conditions(selector: VectorSelector) -> list[Condition]:
    return [Condition(each.name, _MATCH_OPS[str(each.op)], each.value) for each in selector.matchers.matchers]


def bare(node: Expr) -> Expr:
    """Return an expression without the parentheses around it."""
    while isinstance(node, ParenExpr):
        node = node.expr
    return node


def constant(node: Expr) -> float | None:
    """Return the value of a constant expression, or None if the expression is not constant."""
    node = bare(node)
    if isinstance(node, NumberLiteral):
        return node.val
    if isinstance(node, UnaryExpr):
        inner = constant(node.expr)
        return None if inner is None else -inner
    if isinstance(node, BinaryExpr) and str(node.op) in _ARITHMETIC:
        left, right = constant(node.lhs), constant(node.rhs)
        if left is not None and right is not None and (right or str(node.op) != "/"):
            return float(_ARITHMETIC[str(node.op)](left, right))
    return None


def is_scalar(node: Expr) -> bool:
    """Return whether an expression is one number without labels, such as `time()`."""
    node = bare(node)
    if isinstance(node, Call):
        return bool(node.func.return_type == ValueType.Scalar)
    if isinstance(node, BinaryExpr):
        return is_scalar(node.lhs) and is_scalar(node.rhs)
    return isinstance(node, NumberLiteral) or (isinstance(node, UnaryExpr) and is_scalar(node.expr))


def is_binary(node: Expr, *ops: str) -> bool:
    """Return whether an expression is one of these binary operations."""
    return isinstance(node, BinaryExpr) and str(node.op) in ops


def is_filter(node: Expr) -> bool:
    """Return whether an expression is a comparison that drops the series for which it is false."""
    # With `bool` a comparison keeps every series and returns 0 or 1:
    # https://prometheus.io/docs/prometheus/latest/querying/operators/#comparison-binary-operators
    return (
        isinstance(node, BinaryExpr)
        and str(node.op) in COMPARISONS
        and not (node.modifier and node.modifier.return_bool)
    )


def comparison(node: Expr) -> Comparison | None:
    """Read an expression as the comparison of a vector with a number.

    Returns:
        The comparison, or None if the expression is not one.
    """
    node = bare(node)
    if not isinstance(node, BinaryExpr) or not is_filter(node):
        return None
    vector, op, written = node.lhs, str(node.op), constant(node.rhs)
    if written is None:
        vector, op, written = node.rhs, COMPARISONS[op], constant(node.lhs)
    if written is None:
        return None
    peeled = _peel(vector)
    return Comparison(
        core=peeled.core,
        # A negative factor turns the comparison around: -x > 5 is x < -5.
        op=op if peeled.factor > 0 else COMPARISONS[op],
        threshold=written / peeled.factor,
        written=written,
        summed="sum" in peeled.aggregations,
        grouped=bool(peeled.aggregations),
    )


def comparisons(node: Expr) -> Iterator[Comparison]:
    """Yield every comparison of a vector with a number, at any depth."""
    found = (comparison(part) for part in walk(node) if isinstance(part, BinaryExpr))
    return (each for each in found if each is not None)


class _Peeled(NamedTuple):
    core: Expr
    factor: float = 1.0
    aggregations: frozenset[str] = frozenset()


def _peel(node: Expr) -> _Peeled:
    """Remove constant factors, aggregations that keep the unit, and functions that keep the value."""
    node = bare(node)
    if isinstance(node, BinaryExpr) and str(node.op) in {"*", "/"}:
        left, right = constant(node.lhs), constant(node.rhs)
        if left and str(node.op) == "*":
            inner = _peel(node.rhs)
            return inner._replace(factor=left * inner.factor)
        if right:
            inner = _peel(node.lhs)
            return inner._replace(factor=inner.factor * (right if str(node.op) == "*" else 1 / right))
    if isinstance(node, AggregateExpr) and str(node.op) in _KEEPS_UNIT:
        inner = _peel(node.expr)
        return inner._replace(aggregations=inner.aggregations | {str(node.op)})
    if isinstance(node, Call) and node.func.name in _KEEPS_VALUE:
        return _peel(node.args[0])
    return _Peeled(node)


def alternatives(node: Expr) -> list[list[Expr]]:
    """Return the alternatives in which an expression can have a result.

    Returns:
        The operands of `or`, each as the list of conditions that `and` and `unless` require together. An
        `unless` is itself a condition of the list, after the conditions of its left side.
    """
    # `and` and `unless` bind tighter than `or`, and the parser has already built the tree accordingly:
    # https://prometheus.io/docs/prometheus/latest/querying/operators/#binary-operator-precedence
    node = bare(node)
    if isinstance(node, BinaryExpr):
        if str(node.op) == "or":
            return alternatives(node.lhs) + alternatives(node.rhs)
        if str(node.op) == "and":
            both = product(alternatives(node.lhs), alternatives(node.rhs))
            return [left + right for left, right in both]
        if str(node.op) == "unless":
            return [[*left, node] for left in alternatives(node.lhs)]
    return [[node]]


def vector_pairs(node: Expr) -> Iterator[BinaryExpr]:
    """Yield the operations on two vectors, at any depth."""
    for part in walk(node):
        if isinstance(part, BinaryExpr) and not is_scalar(part.lhs) and not is_scalar(part.rhs):
            yield part


def window(node: Expr) -> float:
    """Return the longest time range that an expression computes over, in seconds."""
    # last_over_time() returns one sample, so the samples before it do not dilute a fault.
    if isinstance(node, Call) and node.func.name == "last_over_time":
        return 0.0
    if isinstance(node, MatrixSelector):
        return node.range.total_seconds()
    inner = max((window(child) for child in children(node)), default=0.0)
    if isinstance(node, SubqueryExpr) and node.range is not None:
        return inner + node.range.total_seconds()
    return inner


def offset(node: Expr) -> float:
    """Return the smallest `offset` of the selectors of an expression, in seconds; 0 if one has none."""
    offsets = [selector.offset.total_seconds() if selector.offset else 0.0 for selector in selectors(node)]
    return max(min(offsets, default=0.0), 0.0)


def events_needed(compared: Comparison) -> float | None:
    """Return how many events the window of a rate must hold to make a comparison true.

    Returns:
        The number of events, or None if the comparison is not about a rate over a range.
    """
    core = bare(compared.core)
    if not isinstance(core, Call) or not isinstance(core.args[0], MatrixSelector):
        return None
    per_event = {"increase": 1.0, "rate": window(core)}.get(core.func.name)
    return None if per_event is None else compared.threshold * per_event


def text_of(node: Expr) -> str:
    """Format an expression as PromQL on one line."""
    return re.sub(r"\s+", " ", node.prettify()).replace("( ", "(").replace(" )", ")")


def skeleton(node: Expr) -> str:
    """Return the text of an expression without its conditions on labels."""
    return _LABEL_MATCHERS.sub("", text_of(bare(node)))


def finds_new_series(node: Expr) -> set[str]:
    """Return the metric names whose new series an expression detects, as `x unless x offset 1m` does."""
    names: set[str | None] = set()
    for part in walk(node):
        if isinstance(part, BinaryExpr) and str(part.op) == "unless":
            before = {name_of(s) for s in selectors(part.rhs) if s.offset is not None}
            names |= before & {name_of(s) for s in selectors(part.lhs) if s.offset is None}
    return {name for name in names if name is not None}
