"""Names: every metric, label and value that a rule reads exists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from promql_parser import AggregateExpr, VectorMatchCardinality

from otel_trading.errors import nearest
from otel_trading.ops.rules.lint.findings import Finding, Subject, listed
from otel_trading.ops.rules.promql.expressions import (
    Condition,
    matchers_of,
    name_of,
    selectors,
    text_of,
    vector_pairs,
    walk,
)
from otel_trading.ops.rules.promql.label_sets import LabelSet, carried_labels, labels_of
from otel_trading.ops.rules.promql.vocabulary import Values

_NOT_SUGGESTED: Final = {"__name__", "otel_scope_name", "otel_scope_version", "otel_metric_overflow"}
_TEMPLATE_LABEL: Final = re.compile(r"\$labels\.(\w+)")


def metrics(subject: Subject) -> Iterator[Finding]:
    """Check that every metric is in the vocabulary, described in a metrics file, or recorded by a rule."""
    for selector in selectors(subject.expr):
        name = name_of(selector)
        if name is not None and name not in subject.vocabulary:
            message = f"{name} is not a known metric.{subject.vocabulary.nearest(name)}"
            fix = "write the name as Prometheus has it, or describe the metric with --metrics FILE"
            yield subject.finding("unknown-metric", message, fix)
        if name is None and not subject.vocabulary.named_like(selector):
            message = f"no known metric has a name that {text_of(selector)} accepts"
            yield subject.finding(
                "unknown-metric", message, "correct the pattern, or describe the metric with --metrics FILE"
            )


def matchers(subject: Subject) -> Iterator[Finding]:
    """Check that every label in a selector exists, and can have a value that the selector accepts."""
    for selector in selectors(subject.expr):
        carried = carried_labels(selector, subject.vocabulary)
        title = name_of(selector) or text_of(selector)
        for asked in matchers_of(selector):
            if asked.label not in carried:
                yield _unknown(subject, asked.label, f"{title} has no label {asked.label}", carried)
            elif asked.label != "le":
                yield from _value(subject, title, asked, carried[asked.label])


def grouping(subject: Subject) -> Iterator[Finding]:
    """Check that every label of a grouping exists on the grouped series."""
    for node in walk(subject.expr):
        if isinstance(node, AggregateExpr) and node.modifier is not None:
            inner = labels_of(node.expr, subject.vocabulary)
            yield from _missing(
                subject, node.modifier.labels, inner, f"the argument of {node.op} has no label"
            )


def matching(subject: Subject) -> Iterator[Finding]:
    """Check that every label that two vectors are matched on exists on one of them."""
    for node in vector_pairs(subject.expr):
        modifier = node.modifier
        if modifier is None:
            continue
        left, right = (labels_of(side, subject.vocabulary) for side in (node.lhs, node.rhs))
        labels = modifier.matching.labels if modifier.matching is not None else ()
        yield from _missing(subject, labels, left | right, f"neither side of {node.op} has the label")
        one = right if modifier.card == VectorMatchCardinality.ManyToOne else left
        yield from _missing(
            subject, modifier.group_labels or (), one, f"the one side of {node.op} has no label"
        )


def templates(subject: Subject) -> Iterator[Finding]:
    """Check that every label in an annotation or label template exists on the result of the expression."""
    carried = labels_of(subject.expr, subject.vocabulary)
    for name, text in (*subject.rule.annotations.items(), *subject.rule.labels.items()):
        for label in sorted(set(_TEMPLATE_LABEL.findall(text))):
            if label not in carried:
                message = f"{name} shows $labels.{label}, which the result of the expression never has"
                yield _unknown(subject, label, message, carried)


def _missing(subject: Subject, labels: Iterable[str], carried: LabelSet, message: str) -> Iterator[Finding]:
    for label in labels:
        if label not in carried:
            yield _unknown(subject, label, f"{message} {label}", carried)


def _unknown(subject: Subject, label: str, message: str, carried: LabelSet) -> Finding:
    there = {name for name in carried.labels if name in carried}
    near = nearest(label, there)
    fix = (
        f"use one of: {listed(there - _NOT_SUGGESTED)}"
        if there
        else "leave it out: no label is left at this point"
    )
    return subject.finding("unknown-label", f"{message}.{near}", fix)


def _value(subject: Subject, title: str, asked: Condition, values: Values) -> Iterator[Finding]:
    if values.known is None or (values.optional and asked.accepts("")):
        return
    accepted = set(filter(asked.accepts, values.known))
    if not accepted:
        message = f"{title} never has a value that {asked} accepts"
    elif asked.op in {"!=", "!~"} and accepted == values.known:
        message = f"{asked} excludes nothing that {title} can have"
    else:
        return
    near = nearest(asked.value, values.known)
    yield subject.finding("impossible-value", f"{message}.{near}", f"use some of: {listed(values.known)}")
