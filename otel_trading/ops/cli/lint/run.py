"""The run of `lint`: reads the rules and the files beside them, and prints the findings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import click

from otel_trading.errors import ConfigurationError
from otel_trading.ops import assets
from otel_trading.ops.cli.lint import live_metrics
from otel_trading.ops.rules import rule_file
from otel_trading.ops.rules.lint import report, routes
from otel_trading.ops.rules.lint.findings import Surroundings
from otel_trading.ops.rules.lint.linter import lint
from otel_trading.ops.rules.promql import metrics_file
from otel_trading.ops.rules.promql.vocabulary import KnownSeries, own_series
from otel_trading.ops.rules.rule_file import Rule


@dataclass(frozen=True)
class Options:
    """The options of the command line; see `otel-trading lint --help`."""

    files: tuple[Path, ...]
    metrics: Path | None
    prometheus: str | None
    runbooks: Path | None
    tests: Path | None
    alertmanager: Path | None
    as_json: bool


def run(options: Options) -> int:
    """Check the rules, and print the findings.

    Returns:
        The exit code: 0 without findings, else 1.

    Raises:
        ConfigurationError: A file cannot be read or has a wrong content, or Prometheus does not answer.
    """
    given = options if options.files else _own_rules(options)
    read = [rule for file in given.files for rule in rule_file.load(file)]
    surroundings = Surroundings(
        routes=routes.load(given.alertmanager) if given.alertmanager else routes.Routes(),
        runbooks=_folder(given.runbooks),
        tests=_folder(given.tests),
    )
    found = lint(read, _series(given, read), surroundings)
    click.echo((report.as_json if given.as_json else report.as_text)(found, len(read)))
    return 1 if found else 0


def _own_rules(options: Options) -> Options:
    """Return the options for the rules of this package, with the files beside them."""
    alerts = assets.find("alerts")
    return replace(
        options,
        files=(alerts / "rules",),
        tests=options.tests or alerts / "tests",
        alertmanager=options.alertmanager or alerts / "alertmanager.yml",
        runbooks=options.runbooks or _own_runbooks(),
    )


def _own_runbooks() -> Path | None:
    """Return the folder of the runbooks; None in an installation, which has no documentation."""
    try:
        return assets.find("docs") / "runbooks"
    except ConfigurationError:
        return None


def _folder(path: Path | None) -> Path | None:
    if path is not None and not path.is_dir():
        raise ConfigurationError(f"{str(path)!r} is not a folder")
    return path


def _series(options: Options, read: list[Rule]) -> Iterator[KnownSeries]:
    yield from metrics_file.load(metrics_file.STACK)
    if options.prometheus:
        yield from live_metrics.read(options.prometheus.rstrip("/"), read)
    # Later series replace earlier ones of the same name: the vocabulary knows more than a live Prometheus,
    # and the user's file has the last word.
    yield from own_series()
    if options.metrics:
        yield from metrics_file.load(options.metrics)
