"""The command `doctor`: sends a metric, a span and a log record through the pipeline, and checks each hop."""

from __future__ import annotations

from typing import Any

import click

from otel_trading.ops.cli.doctor.report import Options, run


@click.command(name="doctor")
@click.option(
    "--prometheus",
    envvar="PROMETHEUS_URL",
    default="http://127.0.0.1:9999",
    show_default=True,
    help="URL of Prometheus.",
)
@click.option(
    "--jaeger",
    envvar="JAEGER_URL",
    default="http://127.0.0.1:16686",
    show_default=True,
    help="URL of Jaeger.",
)
@click.option(
    "--elasticsearch",
    envvar="ELASTICSEARCH_URL",
    default="http://127.0.0.1:9200",
    show_default=True,
    help="URL of Elasticsearch.",
)
@click.option("--elasticsearch-user", envvar="ELASTICSEARCH_USER", help="User name for Elasticsearch.")
@click.option(
    "--elasticsearch-password-file",
    envvar="ELASTICSEARCH_PASSWORD_FILE",
    help="File with the password for Elasticsearch.",
)
@click.option(
    "--elasticsearch-ca-file",
    envvar="ELASTICSEARCH_CA_FILE",
    help="File with the CA certificate for Elasticsearch.",
)
@click.option(
    "--collector-health",
    envvar="OTELCOL_HEALTH_URL",
    default="http://127.0.0.1:13133",
    show_default=True,
    help="URL of the Collector's health check.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=20,
    show_default=True,
    help="Seconds to wait for the canary.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
def command(**options: Any) -> int:
    """Check every hop from this process to each backend; the exit code is 1 if a hop fails."""
    return run(Options(**options))
