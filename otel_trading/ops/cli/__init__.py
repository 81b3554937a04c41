"""The command line `otel-trading`: a module for each command; errors are one sentence on stderr."""

from __future__ import annotations

import sys
from typing import Any

import click

from otel_trading.errors import OtelTradingError
from otel_trading.ops.cli import demo, doctor, init, lint, view

USAGE_ERROR = 2
_INTERRUPTED = 130
"""The exit code of a shell for a program that SIGINT ended: 128 + 2."""


class _Commands(click.Group):
    """A group of commands that reports an error as one sentence."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command, and exit the process with its exit code."""
        try:
            code = super().main(*args, **{**kwargs, "standalone_mode": False})
        except click.Abort:
            code = _INTERRUPTED
        except (click.ClickException, OtelTradingError) as error:
            sentence = error.format_message() if isinstance(error, click.ClickException) else str(error)
            click.echo(f"otel-trading: {sentence}", err=True)
            code = USAGE_ERROR
        sys.exit(code or 0)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="otel_trading", prog_name="otel-trading")
def main() -> None:
    """Observability for trading systems, built on OpenTelemetry."""


for _command in (demo.command, view.command, init.command, doctor.command, lint.command):
    main.add_command(_command)
