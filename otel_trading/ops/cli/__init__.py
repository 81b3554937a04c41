"""The command line: `otel-trading`; a mistake is one sentence on stderr and exit code 2."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from otel_trading.errors import MissingExtraError, OtelTradingError
from otel_trading.ops.cli import demo, deploy, doctor, view

USAGE_ERROR = 2
_PORT = click.IntRange(0, 65535)


class _Commands(click.Group):
    """A group whose errors are one sentence."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command, and end the process with its exit code."""
        try:
            code = super().main(*args, **{**kwargs, "standalone_mode": False})
        except click.Abort:
            code = 130
        except (click.ClickException, OtelTradingError) as error:
            sentence = error.format_message() if isinstance(error, click.ClickException) else str(error)
            click.echo(f"otel-trading: {sentence}", err=True)
            code = USAGE_ERROR
        sys.exit(code or 0)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="otel_trading", prog_name="otel-trading")
def main() -> None:
    """Observability for trading systems, on OpenTelemetry."""


@main.command(name="demo")
@click.option("--seconds", type=click.FloatRange(min=1), default=60, help="How long to trade (default: 60).")
@click.option("--replay", type=click.Path(path_type=Path), help="Replay LEAN ticks from this folder.")
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=60,
    help="Seconds of the replayed day a second (default: 60).",
)
@click.option("--seed", type=click.IntRange(min=0), default=7, help="Of the simulated market (default: 7).")
@click.option("--report", type=click.Path(path_type=Path), help="Write the report as JSON here, too.")
@click.option(
    "--keep/--no-keep", default=None, help="Serve the page after the run, too (default: in a terminal)."
)
@click.option("--faults/--no-faults", default=True, help="Let the venue misbehave on purpose, or not.")
def _demo(**options: Any) -> int:
    """Run the example trading system, and show what its telemetry says."""
    return demo.run(demo.Options(**options))


@main.command(name="view")
@click.option("--port", type=_PORT, default=8400, show_default=True, help="Of the page.")
@click.option("--otlp-grpc", type=_PORT, default=4317, show_default=True, help="Where OTLP comes in by gRPC.")
@click.option("--otlp-http", type=_PORT, default=4318, show_default=True, help="Where it comes in by HTTP.")
@click.option("--db", type=click.Path(path_type=Path), help="Keep what comes in in this file, too.")
@click.option("--open", is_flag=True, help="Open the page in the browser.")
def _view(**options: Any) -> int:
    """Show on a local page what services on this machine send."""
    return view.run(view.Options(**options))


@main.command(name="init")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Write over files that were changed, too.")
def _init(folder: Path, *, force: bool) -> int:
    """Write the Collector's configuration and its backends' into FOLDER, ready to be started."""
    return deploy.run(folder, force=force)


@main.command(name="doctor")
@click.option("--prometheus", envvar="PROMETHEUS_URL", default="http://127.0.0.1:9999", show_default=True)
@click.option("--jaeger", envvar="JAEGER_URL", default="http://127.0.0.1:16686", show_default=True)
@click.option(
    "--elasticsearch", envvar="ELASTICSEARCH_URL", default="http://127.0.0.1:9200", show_default=True
)
@click.option("--elasticsearch-user", envvar="ELASTICSEARCH_USER", help="Who we are there, if it asks.")
@click.option(
    "--elasticsearch-password-file", envvar="ELASTICSEARCH_PASSWORD_FILE", help="Its password's file."
)
@click.option(
    "--elasticsearch-ca-file", envvar="ELASTICSEARCH_CA_FILE", help="What its certificate is checked with."
)
@click.option(
    "--collector-health", envvar="OTELCOL_HEALTH_URL", default="http://127.0.0.1:13133", show_default=True
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=20,
    show_default=True,
    help="Seconds to wait for the canary.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
def _doctor(**options: Any) -> int:
    """Check the whole way from this process to each backend; exit code 1 if a hop fails."""
    return doctor.run(doctor.Options(**options))


@main.command(name="lint")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--metrics", type=click.Path(path_type=Path), help="Describes metrics of yours (YAML or JSON).")
@click.option("--prometheus", help="Reads metrics of yours from this running Prometheus.")
@click.option("--runbooks", type=click.Path(path_type=Path), help="The folder with a page for each alert.")
@click.option(
    "--tests", type=click.Path(path_type=Path), help="The folder with a promtool test for each alert."
)
@click.option(
    "--alertmanager", type=click.Path(path_type=Path), help="The configuration that routes the alerts."
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def _lint(**options: Any) -> int:
    """Prove of alert rules (default: ours) that they can fire, in time, and resolve; exit code 1 if not."""
    if not all(map(find_spec, ("promql_parser", "yaml"))):
        raise MissingExtraError("otel-trading lint", "ops")
    from otel_trading.ops.cli import lint  # noqa: PLC0415 - needs the extra

    return lint.run(lint.Options(**options))
