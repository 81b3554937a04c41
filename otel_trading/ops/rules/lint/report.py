"""Report: prints findings as text and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

from otel_trading.ops.rules.lint.findings import Finding


def as_text(findings: list[Finding], rules: int) -> str:
    """Return the findings as `file:line rule: message (id)`, each with its fix on the next line.

    Args:
        findings: The findings.
        rules: The number of rules that were checked.
    """
    lines = [
        f"{each.file}:{each.line} {each.rule}: {each.message} ({each.check})\n    fix: {each.fix}"
        for each in findings
    ]
    return "\n".join([*lines, f"Rules: {rules}. Findings: {len(findings)}."])


def as_json(findings: list[Finding], rules: int) -> str:
    """Return the findings as JSON: `ok`, `rules`, and `findings` with the fields of `Finding`."""
    content = {"ok": not findings, "rules": rules, "findings": [asdict(each) for each in findings]}
    return json.dumps(content, indent=2)
