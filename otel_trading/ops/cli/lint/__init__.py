"""The command `lint`: checks alert rules, those of this package or the user's. Needs the extra `[ops]`."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from otel_trading.errors import MissingExtraError


@click.command(name="lint")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--metrics", type=click.Path(path_type=Path), help="File that describes your metrics (YAML or JSON)."
)
@click.option("--prometheus", help="URL of a running Prometheus that has your metrics.")
@click.option("--runbooks", type=click.Path(path_type=Path), help="Folder with a page for each alert.")
@click.option("--tests", type=click.Path(path_type=Path), help="Folder with a promtool test for each alert.")
@click.option(
    "--alertmanager",
    type=click.Path(path_type=Path),
    help="Alertmanager configuration that routes the alerts.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(**options: Any) -> int:
    """Prove that alert rules can fire, in time, and resolve; without FILES, check the rules of this package.

    The exit code is 1 if a rule has a flaw.
    """
    if not all(map(find_spec, ("promql_parser", "yaml"))):
        raise MissingExtraError("otel-trading lint", "ops")
    from otel_trading.ops.cli.lint.run import Options, run  # noqa: PLC0415 - needs the extra

    return run(Options(**options))
