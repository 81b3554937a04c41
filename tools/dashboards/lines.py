"""Lines: reads units, objectives and alert thresholds from their sources."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from promql_parser import VectorSelector, parse

from otel_trading.ops.rules import rule_file
from otel_trading.ops.rules.objectives import slo
from otel_trading.ops.rules.promql.expressions import comparisons, name_of, patterns_of, selectors
from otel_trading.semconv import ALL_METRICS
from otel_trading.semconv.definitions import Metric

ALERTS: Final = Path(__file__).parents[2] / "alerts"

DRAWDOWN: Final = 0.05
"""The largest acceptable daily drawdown; neither an alert nor an objective defines it."""

_UNITS: Final = {"s": "s", "By": "bytes", "USD": "currencyUSD", "bps": "suffix: bps", "1": "percentunit"}
_BY_NAME: Final = {metric.prometheus: metric for metric in ALL_METRICS}


class Objective(NamedTuple):
    """The objective of a histogram.

    Attributes:
        quantile: The share of events that should stay below the boundary.
        boundary: The boundary, in the unit of the metric.
    """

    quantile: float
    boundary: float


def metric(prometheus: str) -> Metric:
    """Return a metric by its name in Prometheus.

    Raises:
        KeyError: The vocabulary does not have it.
    """
    return _BY_NAME[prometheus]


def unit(prometheus: str) -> str:
    """Return the unit of a metric in Grafana's words; the unit of a count is "none"."""
    return _UNITS.get(metric(prometheus).unit, "none")


@cache
def objectives() -> dict[str, slo.Slo]:
    """Return every service level objective by its name."""
    return {each.name: each for each in slo.load(ALERTS / "slo")}


def objective(prometheus: str) -> Objective:
    """Return the objective of a histogram; its quantile is 99 % if no service level objective has its boundary.

    Raises:
        ValueError: The vocabulary gives it no boundary.
    """
    boundary = metric(prometheus).slo
    if boundary is None:
        raise ValueError(f"{prometheus} has no objective")
    promised = (each.target for each in objectives().values() if f"{prometheus}_bucket" in each.good)
    return Objective(next(promised, 0.99), boundary)


@cache
def alert_line(alert: str, prometheus: str = "") -> float:
    """Return the first threshold that an alert compares a metric with.

    Args:
        alert: The name of the alert.
        prometheus: The beginning of the metric's name; empty for any metric.

    Raises:
        LookupError: The alert compares no such metric.
        ValueError: The alert does not exist.
    """
    (rule,) = (each for each in rule_file.load(ALERTS / "rules") if each.name == alert)
    for compared in comparisons(parse(rule.expr)):
        if any(_reads(selector, prometheus) for selector in selectors(compared.core)):
            return compared.threshold
    raise LookupError(f"{alert} compares nothing that begins with {prometheus!r}")


def _reads(selector: VectorSelector, prometheus: str) -> bool:
    name = name_of(selector)
    if name is not None:
        return name.startswith(prometheus)
    return any(pattern.value.startswith(prometheus) for pattern in patterns_of(selector))
