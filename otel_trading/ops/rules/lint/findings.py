"""Findings: what a check says of a rule, and what it was given to judge it by."""

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
    """What is wrong with a rule.

    Attributes:
        file: As it was given.
        line: Of the rule.
        rule: Its name.
        check: The stable id of what was checked.
        says: One sentence.
        mend: What to write instead.
    """

    file: str
    line: int
    rule: str
    check: str
    says: str
    mend: str


@dataclass(frozen=True)
class Surroundings:
    """What stands beside the rules.

    Attributes:
        routes: Where Alertmanager sends an alert, and when.
        runbooks: The folder with a page for each alert; None if that is not asked for.
        tests: The folder with promtool's tests of each alert; None if that is not asked for.
    """

    routes: Routes
    runbooks: Path | None = None
    tests: Path | None = None


@dataclass(frozen=True)
class Subject:
    """A rule that is judged.

    Attributes:
        rule: The rule.
        expr: Its expression.
        expanded: The expression with what recording rules compute in place of their names.
        vocabulary: What is known of the series.
        surroundings: What stands beside the rules.
    """

    rule: Rule
    expr: Expr
    expanded: Expr
    vocabulary: Vocabulary
    surroundings: Surroundings

    @property
    def priority(self) -> str | None:
        """Its class, such as "P0"; None if it has none."""
        labels = self.rule.labels
        return labels.get("priority") or PRIORITY_OF_SEVERITY.get(labels.get("severity", ""))

    @property
    def always_fires_on_purpose(self) -> bool:
        """Whether it is a dead-man's switch."""
        return self.rule.labels.get("severity") == "none"

    @property
    def judges_a_budget(self) -> bool:
        """Whether it is a burn-rate alert: how soon it fires is how fast a budget of weeks is spent."""
        return self.rule.labels.get("category") == "slo"

    def read(self, node: Expr) -> list[KnownSeries]:
        """Return the series that an expression reads, as far as they are known."""
        return [series for selector in selectors(node) for series in self.vocabulary.read_by(selector)]

    def finding(self, check: str, says: str, mend: str) -> Finding:
        """Return what is wrong with this rule."""
        return Finding(self.rule.file, self.rule.line, self.rule.name, check, says, mend)


def number(value: float) -> str:
    """Return a number as a rule has it: 1000000, 0.005, 1e-07."""
    return f"{value:.0f}" if value.is_integer() else f"{value:.6g}"


def listed(words: Iterable[str]) -> str:
    """Return words as a sentence has them, in alphabetical order, and not too many."""
    inorder = sorted(words)
    more = f", and {len(inorder) - _MOST} more" if len(inorder) > _MOST else ""
    return ", ".join(inorder[:_MOST]) + more
