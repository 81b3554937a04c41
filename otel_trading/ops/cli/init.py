"""The command `init`: writes the deployable folder."""

from __future__ import annotations

from pathlib import Path

import click

from otel_trading.ops.cli import deploy


@click.command(name="init")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite changed files.")
def command(folder: Path, *, force: bool) -> int:
    """Write the configuration of the Collector and its backends into FOLDER, ready to start."""
    return deploy.run(folder, force=force)
