"""Label sets: the labels of the result of an expression, and their possible values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Final

from promql_parser import (
    AggModifierType,
    AggregateExpr,
    BinaryExpr,
    BinModifier,
    Call,
    Expr,
    LabelModifierType,
    StringLiteral,
    VectorMatchCardinality,
    VectorSelector,
)

from otel_trading.ops.rules.promql.expressions import (
    ABSENCE,
    Condition,
    bare,
    children,
    is_scalar,
    matchers_of,
    name_of,
)
from otel_trading.ops.rules.promql.vocabulary import ABSENT, ANY, RESOURCE_LABELS, Values, Vocabulary

_KEEPS_SERIES: Final = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})
_WRITES_LABEL: Final = frozenset({"label_replace", "label_join"})


@dataclass(frozen=True)
class LabelSet:
    """The labels of the series of a vector.

    Attributes:
        labels: The possible values of each label.
        is_open: Whether the series may have further, unknown labels.
    """

    labels: Mapping[str, Values]
    is_open: bool = False

    def __getitem__(self, name: str) -> Values:
        return self.labels.get(name, ANY if self.is_open else ABSENT)

    def __contains__(self, name: str) -> bool:
        return self[name] != ABSENT

    def __or__(self, other: LabelSet) -> LabelSet:
        """Return the labels and values of a series of either set."""
        names = self.labels.keys() | other.labels.keys()
        return LabelSet({name: self[name] | other[name] for name in names}, self.is_open or other.is_open)

    def keep(self, names: Iterable[str]) -> LabelSet:
        """Return the set with only these labels."""
        return LabelSet({name: self[name] for name in names})

    def drop(self, names: Iterable[str]) -> LabelSet:
        """Return the set without these labels."""
        return LabelSet({**self.labels, **dict.fromkeys(names, ABSENT)}, self.is_open)


NO_LABELS: Final = LabelSet({})


def labels_of(node: Expr, vocabulary: Vocabulary) -> LabelSet:
    """Return the labels of the result of an expression.

    Args:
        node: The expression.
        vocabulary: The known series.
    """
    node = bare(node)
    if is_scalar(node):
        return NO_LABELS
    if isinstance(node, VectorSelector):
        return _selected(node, vocabulary)
    if isinstance(node, AggregateExpr):
        return _aggregated(node, vocabulary)
    if isinstance(node, BinaryExpr):
        return _joined(node, vocabulary)
    if isinstance(node, Call):
        return _called(node, vocabulary)
    return labels_of(children(node)[0], vocabulary) if children(node) else NO_LABELS


def matched_labels(node: BinaryExpr, left: LabelSet, right: LabelSet) -> set[str]:
    """Return the labels that must be equal on both sides of an operation on two vectors."""
    # https://prometheus.io/docs/prometheus/latest/querying/operators/#vector-matching
    matching = node.modifier.matching if node.modifier else None
    if matching is not None and matching.type == LabelModifierType.Include:
        return set(matching.labels)
    ignored = set(matching.labels) if matching is not None else set()
    return (left.labels.keys() | right.labels.keys()) - ignored


def carried_labels(selector: VectorSelector, vocabulary: Vocabulary) -> LabelSet:
    """Return the labels of the series that a selector names, before its conditions narrow them."""
    name = name_of(selector)
    recorded = vocabulary.recorded(name) if name else []
    if recorded and name:
        rest = vocabulary.without(name)  # a rule may read its own earlier output
        sets = [_with(labels_of(expr, rest), rule.labels) for rule, expr in recorded]
    else:
        read = vocabulary.read_by(selector)
        sets = [LabelSet({**RESOURCE_LABELS, **series.labels}) for series in read]
    return reduce(LabelSet.__or__, sets) if sets else LabelSet({}, is_open=True)


def _selected(node: VectorSelector, vocabulary: Vocabulary) -> LabelSet:
    found = carried_labels(node, vocabulary)
    return LabelSet({**found.labels, **_narrowed(node, found)}, found.is_open)


def _with(labels: LabelSet, added: Mapping[str, str]) -> LabelSet:
    fixed = {name: Values(frozenset({value})) for name, value in added.items()}
    return LabelSet({**labels.labels, **fixed}, labels.is_open)


def _narrowed(node: VectorSelector, found: LabelSet) -> dict[str, Values]:
    """Return the labels in the conditions of a selector, with the values that the conditions accept."""
    narrowed: dict[str, Values] = {}
    for condition in matchers_of(node):
        before = narrowed.get(condition.label, found[condition.label])
        narrowed[condition.label] = _narrow(before, condition)
    return narrowed


def _narrow(values: Values, condition: Condition) -> Values:
    optional = values.optional and condition.accepts("")
    if values.known is not None:
        return Values(frozenset(filter(condition.accepts, values.known)), optional)
    if condition.op == "=":
        return Values(frozenset({condition.value} - {""}), optional)
    return Values(None, optional)


def _aggregated(node: AggregateExpr, vocabulary: Vocabulary) -> LabelSet:
    inner = labels_of(node.expr, vocabulary)
    # These return whole series, where other aggregations drop all labels that they do not group by:
    # https://prometheus.io/docs/prometheus/latest/querying/operators/#aggregation-operators
    if str(node.op) in _KEEPS_SERIES:
        return inner
    if node.modifier is None:
        result = NO_LABELS
    elif node.modifier.type == AggModifierType.By:
        result = inner.keep(node.modifier.labels)
    else:
        result = inner.drop(node.modifier.labels)
    if str(node.op) == "count_values" and isinstance(node.param, StringLiteral):
        return LabelSet({**result.labels, node.param.val: Values()}, result.is_open)
    return result


def _joined(node: BinaryExpr, vocabulary: Vocabulary) -> LabelSet:
    if is_scalar(node.lhs):
        return labels_of(node.rhs, vocabulary)
    left = labels_of(node.lhs, vocabulary)
    if is_scalar(node.rhs) or str(node.op) in {"and", "unless"}:
        return left
    right = labels_of(node.rhs, vocabulary)
    if str(node.op) == "or":
        return left | right
    return left if node.modifier is None else _matched(node.modifier, left, right)


def _matched(modifier: BinModifier, left: LabelSet, right: LabelSet) -> LabelSet:
    if modifier.card == VectorMatchCardinality.OneToOne:
        if modifier.matching is None:
            return left
        if modifier.matching.type == LabelModifierType.Include:
            return left.keep(modifier.matching.labels)
        return left.drop(modifier.matching.labels)
    # group_left keeps the labels of the many side, and copies the listed ones from the one side.
    many, one = (left, right) if modifier.card == VectorMatchCardinality.ManyToOne else (right, left)
    return LabelSet({**many.labels, **one.keep(modifier.group_labels or ()).labels}, many.is_open)


def _called(node: Call, vocabulary: Vocabulary) -> LabelSet:
    name = node.func.name
    if name in ABSENCE:
        return _of_absence(node)
    if name == "info":  # it adds labels from another metric, which are unknown here
        return LabelSet({}, is_open=True)
    vectors = [each for each in node.args if not is_scalar(each) and not isinstance(each, StringLiteral)]
    if not vectors:
        return NO_LABELS  # `vector(1)`, `hour()`
    inner = labels_of(vectors[0], vocabulary)
    # label_replace() leaves the label unchanged where its pattern does not match, so any value is possible.
    if name in _WRITES_LABEL and isinstance(node.args[1], StringLiteral):
        return LabelSet({**inner.labels, node.args[1].val: ANY}, inner.is_open)
    return inner.drop(["le"]) if name == "histogram_quantile" else inner


def _of_absence(node: Call) -> LabelSet:
    """Return the labels of the result of `absent`: those that its selector compares with `=`."""
    # https://prometheus.io/docs/prometheus/latest/querying/functions/#absent
    inner = [bare(part) for part in (node.args[0], *children(node.args[0]))]
    selector = next((part for part in inner if isinstance(part, VectorSelector)), None)
    asked = matchers_of(selector) if selector is not None else []
    return LabelSet({each.label: Values(frozenset({each.value})) for each in asked if each.op == "="})
