"""Report: what the lint found, as text and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

from otel_trading.ops.rules.lint.findings import Finding


def as_text(findings: list[Finding], rules: int) -> str:
    """Return the findings as `file:line rule: sentence (id)`, each with how to mend it below.

    Args:
        findings: What was found.
        rules: How many rules were judged.
    """
    lines = [
        f"{each.file}:{each.line} {each.rule}: {each.says} ({each.check})\n    mend: {each.mend}"
        for each in findings
    ]
    return "\n".join([*lines, f"Rules: {rules}. Findings: {len(findings)}."])


def as_json(findings: list[Finding], rules: int) -> str:
    """Return the findings as JSON: `ok`, `rules`, and `findings` with file, line, rule, check, says, mend."""
    content = {"ok": not findings, "rules": rules, "findings": [asdict(each) for each in findings]}
    return json.dumps(content, indent=2)
