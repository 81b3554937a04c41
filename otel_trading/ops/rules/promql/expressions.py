"""Expressions: what a PromQL expression is made of, and which ways it has to become true."""

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
"""The comparisons, and what each is with its sides exchanged."""

RATES: Final = frozenset({"rate", "irate", "increase"})
_ARITHMETIC: Final = {"+": add, "-": sub, "*": mul, "/": truediv}
_KEEPS_VALUE: Final = frozenset({"label_replace", "label_join", "sort", "sort_desc"})
_KEEPS_UNIT: Final = frozenset({"sum", "max", "min", "avg"})
_MATCH_OPS: Final = {
    "MatchOp.Equal": "=",
    "MatchOp.NotEqual": "!=",
    "MatchOp.Re": "=~",
    "MatchOp.NotRe": "!~",
}
_MATCHERS: Final = re.compile(r'\{(?:[^"}]|"(?:\\.|[^"\\])*")*\}')


@dataclass(frozen=True)
class Condition:
    """What a selector asks of a label.

    Attributes:
        label: Its name.
        op: One of "=", "!=", "=~", "!~".
        value: The value, or the pattern.
    """

    label: str
    op: str
    value: str

    def accepts(self, value: str) -> bool:
        """Whether a value fulfils it; a pattern that only Prometheus understands accepts everything."""
        if "~" not in self.op:
            return (value == self.value) == (self.op == "=")
        try:
            return (re.fullmatch(self.value, value) is not None) == (self.op == "=~")
        except re.error:
            return True

    def __str__(self) -> str:
        return f'{self.label}{self.op}"{self.value}"'


@dataclass(frozen=True)
class Comparison:
    """A vector that is compared with a number.

    Attributes:
        core: The vector without parentheses, constant factors and aggregations that keep its unit.
        op: Such as ">", with the vector on the left.
        threshold: What the core is compared with.
        written: The number as it is written.
        summed: Whether series were added up on the way from the core.
        grouped: Whether they were grouped at all, so that the rule says which ones belong together.
    """

    core: Expr
    op: str
    threshold: float
    written: float
    summed: bool
    grouped: bool

    @property
    def rises(self) -> bool:
        """Whether a value must come up to the threshold for it to be true; else it must come down."""
        return self.op in {">", ">="} or (self.op == "==" and self.threshold > 0)


def children(node: Expr) -> list[Expr]:
    """Return the parts of an expression."""
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
    """Yield an expression and all its parts, the outer ones first."""
    yield node
    for child in children(node):
        yield from walk(child)


def selectors(node: Expr) -> Iterator[VectorSelector]:
    """Yield what an expression reads, in the order of the text."""
    return (part for part in walk(node) if isinstance(part, VectorSelector))


def name_of(selector: VectorSelector) -> str | None:
    """Return the name that a selector asks for, or None if it asks by pattern or by labels alone."""
    named = (each.value for each in patterns_of(selector) if each.op == "=")
    return selector.name or next(named, None)


def matchers_of(selector: VectorSelector) -> list[Condition]:
    """Return the conditions on labels, those on the name aside."""
    return [each for each in _conditions(selector) if each.label != "__name__"]


def patterns_of(selector: VectorSelector) -> list[Condition]:
    """Return the conditions on the name."""
    return [each for each in _conditions(selector) if each.label == "__name__"]


def _conditions(selector: VectorSelector) -> list[Condition]:
    return [Condition(each.name, _MATCH_OPS[str(each.op)], each.value) for each in selector.matchers.matchers]


def bare(node: Expr) -> Expr:
    """Return an expression without the parentheses around it."""
    while isinstance(node, ParenExpr):
        node = node.expr
    return node


def constant(node: Expr) -> float | None:
    """Return the number that an expression always is, or None."""
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
    """Whether an expression is one number without labels, such as `time()`."""
    node = bare(node)
    if isinstance(node, Call):
        return bool(node.func.return_type == ValueType.Scalar)
    if isinstance(node, BinaryExpr):
        return is_scalar(node.lhs) and is_scalar(node.rhs)
    return isinstance(node, NumberLiteral) or (isinstance(node, UnaryExpr) and is_scalar(node.expr))


def is_binary(node: Expr, *ops: str) -> bool:
    """Whether an expression is one of these binary operations."""
    return isinstance(node, BinaryExpr) and str(node.op) in ops


def is_filter(node: Expr) -> bool:
    """Whether an expression drops the series that do not compare."""
    return (
        isinstance(node, BinaryExpr)
        and str(node.op) in COMPARISONS
        and not (node.modifier and node.modifier.return_bool)
    )


def comparison(node: Expr) -> Comparison | None:
    """Read an expression as the comparison of a vector with a number.

    Returns:
        None if it is something else.
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
        op=op if peeled.factor > 0 else COMPARISONS[op],
        threshold=written / peeled.factor,
        written=written,
        summed="sum" in peeled.aggregations,
        grouped=bool(peeled.aggregations),
    )


def comparisons(node: Expr) -> Iterator[Comparison]:
    """Yield every comparison of a vector with a number, wherever it stands."""
    found = (comparison(part) for part in walk(node) if isinstance(part, BinaryExpr))
    return (each for each in found if each is not None)


class _Peeled(NamedTuple):
    core: Expr
    factor: float = 1.0
    aggregations: frozenset[str] = frozenset()


def _peel(node: Expr) -> _Peeled:
    """Take off what does not change whether a threshold can be reached."""
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


def ways(node: Expr) -> list[list[Expr]]:
    """Return the ways in which an expression can have a result.

    Returns:
        The alternatives that `or` joins; of each, what `and` and `unless` ask to hold together. An `unless`
        stands among them, after what is on its left.
    """
    node = bare(node)
    if isinstance(node, BinaryExpr):
        if str(node.op) == "or":
            return ways(node.lhs) + ways(node.rhs)
        if str(node.op) == "and":
            return [left + right for left, right in product(ways(node.lhs), ways(node.rhs))]
        if str(node.op) == "unless":
            return [[*left, node] for left in ways(node.lhs)]
    return [[node]]


def vector_pairs(node: Expr) -> Iterator[BinaryExpr]:
    """Yield the operations on two vectors, wherever they stand."""
    for part in walk(node):
        if isinstance(part, BinaryExpr) and not is_scalar(part.lhs) and not is_scalar(part.rhs):
            yield part


def window(node: Expr) -> float:
    """Return the longest time whose samples an expression weighs against each other, in seconds."""
    if isinstance(node, Call) and node.func.name == "last_over_time":
        return 0.0
    if isinstance(node, MatrixSelector):
        return node.range.total_seconds()
    inner = max((window(child) for child in children(node)), default=0.0)
    if isinstance(node, SubqueryExpr) and node.range is not None:
        return inner + node.range.total_seconds()
    return inner


def offset(node: Expr) -> float:
    """Return how long ago everything was that an expression reads, in seconds."""
    offsets = [selector.offset.total_seconds() if selector.offset else 0.0 for selector in selectors(node)]
    return max(min(offsets, default=0.0), 0.0)


def events_needed(compared: Comparison) -> float | None:
    """Return how many events the window of a rate must hold for a comparison to be true.

    Returns:
        None if no rate over a range is compared.
    """
    core = bare(compared.core)
    if not isinstance(core, Call) or not isinstance(core.args[0], MatrixSelector):
        return None
    per_event = {"increase": 1.0, "rate": window(core)}.get(core.func.name)
    return None if per_event is None else compared.threshold * per_event


def text_of(node: Expr) -> str:
    """Return an expression as PromQL on one line."""
    return re.sub(r"\s+", " ", node.prettify()).replace("( ", "(").replace(" )", ")")


def skeleton(node: Expr) -> str:
    """Return the text of an expression without its conditions on labels."""
    return _MATCHERS.sub("", text_of(bare(node)))


def finds_new_series(node: Expr) -> set[str]:
    """Return the names of which an expression notices a series that was not there before.

    That is what `x unless x offset 1m` does.
    """
    names: set[str | None] = set()
    for part in walk(node):
        if isinstance(part, BinaryExpr) and str(part.op) == "unless":
            before = {name_of(s) for s in selectors(part.rhs) if s.offset is not None}
            names |= before & {name_of(s) for s in selectors(part.lhs) if s.offset is None}
    return {name for name in names if name is not None}
