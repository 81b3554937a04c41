"""Matching: an operation on two vectors finds pairs of different series."""

from __future__ import annotations

from collections.abc import Iterator

from promql_parser import AggregateExpr, BinaryExpr, Expr

from otel_trading.ops.rules.lint.findings import Finding, Subject, listed, number
from otel_trading.ops.rules.promql.expressions import (
    bare,
    comparisons,
    matchers_of,
    name_of,
    selectors,
    skeleton,
    vector_pairs,
    walk,
)
from otel_trading.ops.rules.promql.label_sets import labels_of, matched_labels
from otel_trading.ops.rules.promql.shares import quotient


def pairs(subject: Subject) -> Iterator[Finding]:
    """Check that the labels that must be equal on both sides can be equal."""
    for node in vector_pairs(subject.expr):
        left, right = (labels_of(side, subject.vocabulary) for side in (node.lhs, node.rhs))
        apart = [label for label in matched_labels(node, left, right) if not left[label].meets(right[label])]
        if apart and str(node.op) != "or":
            missing = [label for label in apart if (label in left) != (label in right)]
            why = "only one side has" if missing else "the sides have different values of"
            message = f"the sides of {node.op} never match: {why} {listed(missing or apart)}"
            fix = "group both sides by the same labels, or name the labels that must match with on (...)"
            yield subject.finding("never-matches", message, fix)


def self_divisions(subject: Subject) -> Iterator[Finding]:
    """Check that a division does not divide each series by itself."""
    for node in vector_pairs(subject.expr):
        left, right = (labels_of(side, subject.vocabulary) for side in (node.lhs, node.rhs))
        matched = matched_labels(node, left, right)
        differing = _differing(node) if str(node.op) == "/" else set()
        if differing and all(label in matched and label in right for label in differing):
            message = (
                f"both sides of / are matched on {listed(differing)}, so each series of {_names(node.rhs)} "
                "is divided by itself and the quotient is always 1"
            )
            fix = f"group both sides without {listed(differing)}: sum by (...) (...) / sum by (...) (...)"
            yield subject.finding("divided-by-itself", message, fix)


def impossible_shares(subject: Subject) -> Iterator[Finding]:
    """Check that a share is not compared with more than 1."""
    for compared in comparisons(subject.expanded):
        node = quotient(compared.core)
        if node is None or node is not bare(compared.core) or compared.summed or not _is_part(node):
            continue
        if compared.rises and (compared.threshold > 1 or (compared.op, compared.threshold) == (">", 1)):
            message = (
                f"a part of {_names(node.rhs)} divided by the whole is never above 1: {compared.op} "
                f"{number(compared.written)} is never true"
            )
            fix = "compare with a share between 0 and 1, such as 0.05 for 5 %"
            yield subject.finding("share-above-one", message, fix)


def _conditions(node: Expr) -> list[set[tuple[str, str]]]:
    return [{(each.label, str(each)) for each in matchers_of(selector)} for selector in selectors(node)]


def _differing(node: BinaryExpr) -> set[str]:
    """Return the labels whose conditions differ between the sides; empty if the sides differ in more."""
    if skeleton(node.lhs) != skeleton(node.rhs):
        return set()
    both = zip(_conditions(node.lhs), _conditions(node.rhs), strict=True)
    return {label for left, right in both for label, _ in left ^ right}


def _is_part(node: BinaryExpr) -> bool:
    """Return whether the left side counts a part of the events that the right side counts."""
    if skeleton(node.lhs) != skeleton(node.rhs):
        return False
    both = zip(_conditions(node.lhs), _conditions(node.rhs), strict=True)
    sums = (str(part.op) == "sum" for part in walk(node) if isinstance(part, AggregateExpr))
    return all(sums) and all(left >= right for left, right in both)


def _names(node: Expr) -> str:
    return listed({name_of(selector) or "the metric" for selector in selectors(node)})
