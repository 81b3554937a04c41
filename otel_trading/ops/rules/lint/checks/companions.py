"""Companions: an alert has a class, a runbook and a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from otel_trading.errors import nearest
from otel_trading.ops.rules.lint.detection_time import BUDGETS
from otel_trading.ops.rules.lint.findings import PRIORITY_OF_SEVERITY, Finding, Subject


def classes(subject: Subject) -> Iterator[Finding]:
    """Check that `severity` and `priority` have values that the routes know."""
    labels = subject.rule.labels
    for label, allowed in (("severity", PRIORITY_OF_SEVERITY), ("priority", BUDGETS)):
        given = labels.get(label)
        if given is not None and given not in allowed:
            message = f"{label} is {given!r}, which no route knows.{nearest(given, allowed)}"
            yield subject.finding("unknown-class", message, f"use one of: {', '.join(allowed)}")
    if "severity" not in labels and "priority" not in labels:
        message = (
            "it has neither severity nor priority, so the routes cannot tell whom to notify, and how soon"
        )
        fix = f"add severity ({', '.join(PRIORITY_OF_SEVERITY)}) and priority ({', '.join(BUDGETS)})"
        yield subject.finding("unknown-class", message, fix)


def runbooks(subject: Subject) -> Iterator[Finding]:
    """Check that the alert has a runbook of its name."""
    yield from _companion(subject, subject.surroundings.runbooks, ".md", "runbook")


def tests(subject: Subject) -> Iterator[Finding]:
    """Check that the alert has a test of its name."""
    yield from _companion(subject, subject.surroundings.tests, ".yml", "test")


def _companion(subject: Subject, folder: Path | None, suffix: str, kind: str) -> Iterator[Finding]:
    if folder is not None:
        file = folder / f"{subject.rule.name}{suffix}"
        if not file.is_file():
            near = nearest(file.name, (path.name for path in folder.glob(f"*{suffix}")))
            yield subject.finding(
                f"no-{kind}", f"it has no {kind}: {file} does not exist.{near}", f"write {file}"
            )
