"""Generate the objectives' rules: `python -m alerts.generate`; with `--check` only say what is stale."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import jinja2
import yaml

from otel_trading.errors import ConfigurationError
from otel_trading.ops.rules.objectives import burn_rules, series, slo, windows
from otel_trading.ops.rules.rule_file import duration
from registry.writing import write

ROOT: Final = Path(__file__).parents[1]
HEADER: Final = "# Generated from alerts/slo/*.yaml by make generate. Do not edit.\n"


class _Dumper(yaml.SafeDumper):
    """Writes an expression of several lines as it is laid out."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def generate(folder: Path) -> dict[str, str]:
    """Return the text of every generated file by its path below the root.

    Args:
        folder: Holds the OpenSLO documents and `windows.yaml`.

    Raises:
        ConfigurationError: They are not sound.
    """
    slos, policy = slo.load(folder), windows.load(folder / "windows.yaml")
    windows.check(policy, slos)
    groups = {"groups": burn_rules.groups(slos, policy)}
    rules = yaml.dump(groups, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)
    return {"alerts/rules/slo.yml": HEADER + rules, "docs/reference/slo.md": _page(slos, policy)}


def _page(slos: list[slo.Slo], policy: windows.Policy) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Markdown, from files of our own
    )
    lengths = {length for alert in policy.alerts for length in alert.lengths}
    names: dict[str, Any] = {
        "slos": slos,
        "policy": policy,
        "series": series,
        "windows": sorted(lengths, key=duration),
        "spent": [window.long for alert in policy.alerts for window in alert.windows],
    }
    return environment.get_template("slo.md.j2").render(**names)


def main(arguments: list[str]) -> int:
    """Write the files, or with `--check` print how they differ; the exit code says whether all is well."""
    try:
        files = generate(ROOT / "alerts" / "slo")
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1
    return write(ROOT, files, check="--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
