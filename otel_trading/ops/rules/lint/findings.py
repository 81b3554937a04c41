"""Findings: the results of the checks, and the input that a check gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from promql_parser import Expr

from otel_trading.ops.rules.lint.routes import Routes
from otel_trading.ops.rules.promql.expressions import selectors
from otel_trading.ops.rules.promql.vocabulary import KnownSeries, Vocabulary
from otel_trading.ops.rules.rule_file import Rule

PRIORITY_OF_SEVERITY: Final[Mapping[str, str | None]] = {
    "critical": "P0",
    "warning": "P1",
    "info": "P2",
    "none": None,
}
"""The priority of an alert that only has a severity; `none` is the dead-man's switch, which always fires."""

_MOST: Final = 16


@dataclass(frozen=True)
class Finding:
    """One flaw of a rule.

    Attributes:
        file: The path of the rule file as the caller gave it.
        line: The line of the rule, from 1.
        rule: The name of the rule.
        check: The stable id of the check.
        message: The flaw, in one sentence.
        fix: The change that removes the flaw.
    """

    file: str
    line: int
    rule: str
    check: str
    message: str
    fix: str


@dataclass(frozen=True)
class Surroundings:
    """The files beside the rules.

    Attributes:
        routes: The routing tree of Alertmanager.
        runbooks: The folder with a page for each alert; None if the pages are not checked.
        tests: The folder with a promtool test for each alert; None if the tests are not checked.
    """

    routes: Routes
    runbooks: Path | None = None
    tests: Path | None = None


@dataclass(frozen=True)
class Subject:
    """One rule with everything that the checks need.

    Attributes:
        rule: The rule.
        expr: The parsed expression of the rule.
        expanded: The expression, with the expressions of recording rules in place of their names.
        vocabulary: The known series.
        surroundings: The files beside the rules.
    """

    rule: Rule
    expr: Expr
    expanded: Expr
    vocabulary: Vocabulary
    surroundings: Surroundings

    @property
    def priority(self) -> str | None:
        """The class of the alert, such as "P0"; None if it has no class."""
        labels = self.rule.labels
        return labels.get("priority") or PRIORITY_OF_SEVERITY.get(labels.get("severity", ""))

    @property
    def always_fires_on_purpose(self) -> bool:
        """Whether the alert is a dead-man's switch."""
        return self.rule.labels.get("severity") == "none"

    @property
    def judges_a_budget(self) -> bool:
        """Whether the alert is a burn-rate alert, whose detection time depends on the budget of weeks."""
        return self.rule.labels.get("category") == "slo"

    def read(self, node: Expr) -> list[KnownSeries]:
        """Return the known series that an expression reads."""
        return [series for selector in selectors(node) for series in self.vocabulary.read_by(selector)]

    def finding(self, check: str, message: str, fix: str) -> Finding:
        """Return a finding about this rule."""
        return Finding(self.rule.file, self.rule.line, self.rule.name, check, message, fix)


def number(value: float) -> str:
    """Format a number as rules do: 1000000, 0.005, 1e-07."""
    return f"{value:.0f}" if value.is_integer() else f"{value:.6g}"


def listed(words: Iterable[str]) -> str:
    """Join words with commas in alphabetical order; after the first 16, only their number is given."""
    inorder = sorted(words)
    more = f", and {len(inorder) - _MOST} more" if len(inorder) > _MOST else ""
    return ", ".join(inorder[:_MOST]) + more
