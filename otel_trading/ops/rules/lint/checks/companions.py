"""Companions: an alert has a class, somebody can look up what to do, and it has been seen to fire."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from otel_trading.errors import nearest
from otel_trading.ops.rules.lint.detection_time import BUDGETS
from otel_trading.ops.rules.lint.findings import PRIORITY_OF_SEVERITY, Finding, Subject


def classes(subject: Subject) -> Iterator[Finding]:
    """Its labels say how bad it is, in the words that the routes know."""
    labels = subject.rule.labels
    for label, allowed in (("severity", PRIORITY_OF_SEVERITY), ("priority", BUDGETS)):
        given = labels.get(label)
        if given is not None and given not in allowed:
            says = f"{label} is {given!r}, which no route knows.{nearest(given, allowed)}"
            yield subject.finding("unknown-class", says, f"take one of: {', '.join(allowed)}")
    if "severity" not in labels and "priority" not in labels:
        says = "it has neither severity nor priority, so nobody knows whom to wake and how soon"
        mend = f"add severity ({', '.join(PRIORITY_OF_SEVERITY)}) and priority ({', '.join(BUDGETS)})"
        yield subject.finding("unknown-class", says, mend)


def runbooks(subject: Subject) -> Iterator[Finding]:
    """There is a runbook of its name."""
    yield from _companion(subject, subject.surroundings.runbooks, ".md", "runbook")


def tests(subject: Subject) -> Iterator[Finding]:
    """There is a test of its name."""
    yield from _companion(subject, subject.surroundings.tests, ".yml", "test")


def _companion(subject: Subject, folder: Path | None, suffix: str, what: str) -> Iterator[Finding]:
    if folder is not None:
        file = folder / f"{subject.rule.name}{suffix}"
        if not file.is_file():
            near = nearest(file.name, (path.name for path in folder.glob(f"*{suffix}")))
            yield subject.finding(
                f"no-{what}", f"it has no {what}: there is no {file}.{near}", f"write {file}"
            )
