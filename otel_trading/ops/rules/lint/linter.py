"""Lint: judges rules by everything that can be proved of them without a backend."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promql_parser import Expr, parse

from otel_trading.ops.rules.lint.checks import OF_ALERTS, OF_EVERY_RULE
from otel_trading.ops.rules.lint.findings import Finding, Subject, Surroundings
from otel_trading.ops.rules.promql.expansion import expand
from otel_trading.ops.rules.promql.vocabulary import KnownSeries, Vocabulary
from otel_trading.ops.rules.rule_file import Rule


def lint(rules: list[Rule], series: Iterable[KnownSeries], surroundings: Surroundings) -> list[Finding]:
    """Judge rules.

    Args:
        rules: Of all files; they may read what the others record.
        series: What else they may read.
        surroundings: What stands beside them.

    Returns:
        What is wrong with them, in their order, without repetitions.
    """
    found: dict[Finding, None] = {}
    for subject in subjects(rules, series, surroundings):
        found.update(dict.fromkeys(_judge(subject)))
    return list(found)


def subjects(
    rules: list[Rule], series: Iterable[KnownSeries], surroundings: Surroundings
) -> Iterator[Subject | Finding]:
    """Yield each rule with all that is known of it; a finding where its expression is no PromQL.

    Args:
        rules: Of all files; they may read what the others record.
        series: What else they may read.
        surroundings: What stands beside them.
    """
    parsed = [(rule, _parse(rule)) for rule in rules]
    recorded = [(rule, expr) for rule, expr in parsed if not rule.is_alert and isinstance(expr, Expr)]
    vocabulary = Vocabulary(series, recorded)
    for rule, expr in parsed:
        if isinstance(expr, Finding):
            yield expr
        else:
            yield Subject(rule, expr, expand(expr, vocabulary), vocabulary, surroundings)


def _parse(rule: Rule) -> Expr | Finding:
    try:
        return parse(rule.expr)
    except ValueError as error:
        says = f"the expression is no PromQL: {error}"
        mend = "see what `promtool check rules` says of it"
        return Finding(rule.file, rule.line, rule.name, "syntax", says, mend)


def _judge(subject: Subject | Finding) -> Iterator[Finding]:
    if isinstance(subject, Finding):
        yield subject
        return
    for check in OF_EVERY_RULE:
        yield from check(subject)
    if subject.rule.is_alert:
        for check in OF_ALERTS:
            yield from check(subject)
