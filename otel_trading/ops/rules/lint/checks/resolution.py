"""Resolution: an alert has a condition that can stop being true."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from promql_parser import Call, Expr, VectorSelector

from otel_trading.ops.rules.lint.findings import Finding, Subject
from otel_trading.ops.rules.promql.expressions import (
    ABSENCE,
    alternatives,
    is_binary,
    is_filter,
    name_of,
    text_of,
    walk,
)
from otel_trading.ops.rules.promql.vocabulary import Vocabulary

_PRESENT_WHILE_TRUE: Final = frozenset({"ALERTS"})


def conditions(subject: Subject) -> Iterator[Finding]:
    """Check that each alternative of the expression has a condition."""
    if subject.always_fires_on_purpose:
        return
    for alternative in alternatives(subject.expanded):
        if not any(_has_condition(atom, subject.vocabulary) for atom in alternative):
            text = " and ".join(map(text_of, alternative))
            message = f"{text} has a result for every value, so the alert fires as long as samples arrive"
            fix = "compare it (without bool), or give a dead-man's switch the label severity: none"
            yield subject.finding("always-fires", message, fix)


def _has_condition(node: Expr, vocabulary: Vocabulary) -> bool:
    return any(_is_condition(part, vocabulary) for part in walk(node))


def _is_condition(part: Expr, vocabulary: Vocabulary) -> bool:
    if isinstance(part, VectorSelector):
        name = name_of(part) or ""
        recorded = (_has_condition(expr, vocabulary.without(name)) for _, expr in vocabulary.recorded(name))
        return name in _PRESENT_WHILE_TRUE or any(recorded)
    # Without `bool`, a comparison drops the series for which it is false:
    # https://prometheus.io/docs/prometheus/latest/querying/operators/#comparison-binary-operators
    is_absence = isinstance(part, Call) and part.func.name in ABSENCE
    return is_filter(part) or is_binary(part, "unless") or is_absence
