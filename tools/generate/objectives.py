"""Objectives: generates the recording rules and alerts of the service level objectives, and their page."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from otel_trading.ops.rules.objectives import burn_rules, series, slo, windows
from otel_trading.ops.rules.rule_file import duration
from tools.generate.rendering import render

HEADER: Final = "# Generated from alerts/slo/*.yaml by make generate. Do not edit.\n"


class _Dumper(yaml.SafeDumper):
    """Writes an expression of several lines with its line breaks."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def generate(folder: Path) -> dict[str, str]:
    """Return the text of every generated file by its path below the root.

    Args:
        folder: Holds the OpenSLO documents and `windows.yaml`.

    Raises:
        ConfigurationError: A document or a window is not sound.
    """
    slos, policy = slo.load(folder), windows.load(folder / "windows.yaml")
    windows.check(policy, slos)
    groups = {"groups": burn_rules.groups(slos, policy)}
    rules = yaml.dump(groups, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)
    return {"alerts/rules/slo.yml": HEADER + rules, "docs/reference/slo.md": _page(slos, policy)}


def _page(slos: list[slo.Slo], policy: windows.Policy) -> str:
    lengths = {length for alert in policy.alerts for length in alert.lengths}
    names: dict[str, Any] = {
        "slos": slos,
        "policy": policy,
        "series": series,
        "windows": sorted(lengths, key=duration),
        "spent": [window.long for alert in policy.alerts for window in alert.windows],
    }
    return render("slo.md.j2", **names)
