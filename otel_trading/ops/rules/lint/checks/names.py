"""Names: every metric, label and value that a rule asks for exists."""

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

_HARDLY_MEANT: Final = {"__name__", "otel_scope_name", "otel_scope_version", "otel_metric_overflow"}
_TEMPLATE_LABEL: Final = re.compile(r"\$labels\.(\w+)")


def metrics(subject: Subject) -> Iterator[Finding]:
    """Every metric is in the vocabulary, described in a metrics file, or recorded by a rule."""
    for selector in selectors(subject.expr):
        name = name_of(selector)
        if name is not None and name not in subject.vocabulary:
            says = f"{name} is no metric that is known.{subject.vocabulary.nearest(name)}"
            mend = "write the name as Prometheus has it, or describe the metric with --metrics FILE"
            yield subject.finding("unknown-metric", says, mend)
        if name is None and not subject.vocabulary.named_like(selector):
            says = f"no metric that is known has a name such as {text_of(selector)} asks for"
            yield subject.finding(
                "unknown-metric", says, "mend the pattern, or describe the metric with --metrics FILE"
            )


def matchers(subject: Subject) -> Iterator[Finding]:
    """Every label that a selector asks for exists, and can have a value that it accepts."""
    for selector in selectors(subject.expr):
        carried = carried_labels(selector, subject.vocabulary)
        title = name_of(selector) or text_of(selector)
        for asked in matchers_of(selector):
            if asked.label not in carried:
                yield _unknown(subject, asked.label, f"{title} has no label {asked.label}", carried)
            elif asked.label != "le":
                yield from _value(subject, title, asked, carried[asked.label])


def grouping(subject: Subject) -> Iterator[Finding]:
    """Every label that is grouped by is there to group by."""
    for node in walk(subject.expr):
        if isinstance(node, AggregateExpr) and node.modifier is not None:
            inner = labels_of(node.expr, subject.vocabulary)
            yield from _missing(
                subject, node.modifier.labels, inner, f"what {node.op} is taken of has no label"
            )


def matching(subject: Subject) -> Iterator[Finding]:
    """Every label that two vectors are matched on is there to match."""
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
    """Every label that an annotation or a label of the rule shows is on the result of the expression."""
    carried = labels_of(subject.expr, subject.vocabulary)
    for name, text in (*subject.rule.annotations.items(), *subject.rule.labels.items()):
        for label in sorted(set(_TEMPLATE_LABEL.findall(text))):
            if label not in carried:
                says = f"{name} shows $labels.{label}, which the result of the expression never has"
                yield _unknown(subject, label, says, carried)


def _missing(subject: Subject, labels: Iterable[str], carried: LabelSet, says: str) -> Iterator[Finding]:
    for label in labels:
        if label not in carried:
            yield _unknown(subject, label, f"{says} {label}", carried)


def _unknown(subject: Subject, label: str, says: str, carried: LabelSet) -> Finding:
    there = {name for name in carried.labels if name in carried}
    near = nearest(label, there)
    mend = (
        f"take one of: {listed(there - _HARDLY_MEANT)}" if there else "leave it out: no label is left there"
    )
    return subject.finding("unknown-label", f"{says}.{near}", mend)


def _value(subject: Subject, title: str, asked: Condition, values: Values) -> Iterator[Finding]:
    if values.known is None or (values.optional and asked.accepts("")):
        return
    accepted = set(filter(asked.accepts, values.known))
    if not accepted:
        says = f"{title} never has what {asked} asks for"
    elif asked.op in {"!=", "!~"} and accepted == values.known:
        says = f"{asked} excludes nothing that {title} can have"
    else:
        return
    near = nearest(asked.value, values.known)
    yield subject.finding("impossible-value", f"{says}.{near}", f"take some of: {listed(values.known)}")
