"""Report: runs the checks in the order of the data flow, and prints each result at once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import click

from otel_trading.errors import ConfigurationError
from otel_trading.ops.cli.doctor import canary, checks
from otel_trading.ops.cli.doctor.backends import Elasticsearch, Jaeger, Prometheus
from otel_trading.ops.cli.doctor.checks import Check
from otel_trading.pipeline.setup.resolve import resolve

_FLUSH: Final = 5.0
_MARKS: Final = {True: "ok", None: "look", False: "FAILED"}


@dataclass(frozen=True)
class Options:
    """The options of the command line and the environment; see `otel-trading doctor --help`."""

    prometheus: str
    jaeger: str
    elasticsearch: str
    elasticsearch_user: str | None
    elasticsearch_password_file: str | None
    elasticsearch_ca_file: str | None
    collector_health: str
    timeout: float
    as_json: bool


def run(options: Options) -> int:
    """Run all checks, and print their results.

    Returns:
        The exit code: 0 if no check failed, else 1.
    """
    found = []
    for check in _checks(options):
        found.append(check)
        if not options.as_json:
            _print(check)
    failed = [check for check in found if check.ok is False]
    if options.as_json:
        click.echo(json.dumps({"ok": not failed, "checks": [check.as_dict() for check in found]}, indent=2))
    else:
        click.echo(f"{len(failed)} of {len(found)} checks failed." if failed else "All is well.")
    return 1 if failed else 0


def _checks(options: Options) -> Iterator[Check]:
    prometheus = Prometheus(options.prometheus.rstrip("/"))
    jaeger = Jaeger(options.jaeger.rstrip("/"))
    elasticsearch = Elasticsearch(
        options.elasticsearch.rstrip("/"),
        options.elasticsearch_user,
        options.elasticsearch_password_file,
        options.elasticsearch_ca_file,
    )
    yield checks.installation()
    try:
        settings = resolve({"service_name": canary.SERVICE}, os.environ)
    except ConfigurationError as error:
        yield Check("settings", ok=False, message=str(error), setting="the setting named above")
        return
    yield checks.settings(settings)
    yield checks.port("the Collector", settings.endpoint, "OTEL_EXPORTER_OTLP_ENDPOINT")
    yield checks.collector_health(options.collector_health)
    yield checks.port("Prometheus", prometheus.url, "PROMETHEUS_URL")
    yield checks.port("Elasticsearch", elasticsearch.url, "ELASTICSEARCH_URL")
    yield checks.jaeger_answers(jaeger)
    yield from checks.versions(prometheus, elasticsearch)
    clock = checks.clock(prometheus)
    if clock is not None:
        yield clock
    if "otlp" in settings.exporters:
        yield from canary.hops(canary.send(_FLUSH), prometheus, jaeger, elasticsearch, options.timeout)


def _print(check: Check) -> None:
    took = "" if check.milliseconds is None else f"{check.milliseconds:8,.1f} ms"
    click.echo(f"{_MARKS[check.ok]:6}  {check.name:26} {took:12} {check.message}")
    if check.setting is not None and check.ok is not True:
        click.echo(f"{'':35}look at {check.setting}")
