"""The queries of the guide and the verification pass the checks of the alert rules."""

from __future__ import annotations

import re

from otel_trading.ops.rules import rule_file
from otel_trading.ops.rules.lint import report
from otel_trading.ops.rules.lint.findings import Surroundings
from otel_trading.ops.rules.lint.linter import lint
from otel_trading.ops.rules.lint.routes import Routes
from otel_trading.ops.rules.promql import metrics_file
from otel_trading.ops.rules.promql.vocabulary import own_series
from otel_trading.ops.rules.rule_file import Rule
from tests.support.pages import DOCS, steps_of

PAGES = ("guide.md", "verification.md")


def as_rule(page: str, number: int, query: str) -> Rule:
    return Rule(
        file=page,
        line=number,
        group=page,
        interval=5.0,
        name=f"{page}-{number}",
        is_alert=False,
        expr=query,
        hold=0.0,
        labels={},
        annotations={},
    )


def test_every_query_passes_the_lint_of_the_rules():
    queries = [
        as_rule(page, number, step.text)
        for page in PAGES
        for number, step in enumerate(steps_of(page), start=1)
        if step.language == "promql"
    ]
    assert queries
    series = [*metrics_file.load(metrics_file.STACK), *own_series()]
    known = rule_file.load(DOCS.parent / "alerts/rules")
    found = [one for one in lint([*known, *queries], series, Surroundings(Routes())) if one.file in PAGES]
    assert report.as_text(found, len(queries)) == report.as_text([], len(queries))


def test_each_service_has_a_query_of_each_kind():
    steps = steps_of("verification.md")
    services = {"market-data", "signal-bridge", "risk-manager", "execution-engine"}
    for language in ("jaeger", "elasticsearch"):
        texts = " ".join(step.text for step in steps if step.language == language)
        assert set(re.findall(r"service(?:\.name)?[=:]([\w-]+)", texts)) == services
    assert sum("rate(" in step.text and step.mark == "data" for step in steps) == len(services)
