"""The linter: runs every check on every rule. It needs no backend."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promql_parser import Expr, parse

from otel_trading.ops.rules.lint.checks import OF_ALERTS, OF_EVERY_RULE
from otel_trading.ops.rules.lint.findings import Finding, Subject, Surroundings
from otel_trading.ops.rules.promql.expansion import expand
from otel_trading.ops.rules.promql.vocabulary import KnownSeries, Vocabulary
from otel_trading.ops.rules.rule_file import Rule


def lint(rules: list[Rule], series: Iterable[KnownSeries], surroundings: Surroundings) -> list[Finding]:
    """Run the checks on rules.

    Args:
        rules: The rules of all files; a rule may read the series that another one records.
        series: The other series that rules may read.
        surroundings: The files beside the rules.

    Returns:
        The findings in the order of the rules, without repetitions.
    """
    found: dict[Finding, None] = {}
    for subject in subjects(rules, series, surroundings):
        found.update(dict.fromkeys(_judge(subject)))
    return list(found)


def subjects(
    rules: list[Rule], series: Iterable[KnownSeries], surroundings: Surroundings
) -> Iterator[Subject | Finding]:
    """Yield a subject for each rule, or a finding if its expression is not PromQL.

    Args:
        rules: The rules of all files; a rule may read the series that another one records.
        series: The other series that rules may read.
        surroundings: The files beside the rules.
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
        message = f"the expression is not PromQL: {error}"
        fix = "run `promtool check rules` on the file and correct the expression"
        return Finding(rule.file, rule.line, rule.name, "syntax", message, fix)


def _judge(subject: Subject | Finding) -> Iterator[Finding]:
    if isinstance(subject, Finding):
        yield subject
        return
    for check in OF_EVERY_RULE:
        yield from check(subject)
    if subject.rule.is_alert:
        for check in OF_ALERTS:
            yield from check(subject)
