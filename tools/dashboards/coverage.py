"""Coverage: finds the panels of each metric of the vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from promql_parser import parse

from otel_trading.ops.rules.promql.expressions import name_of, patterns_of, selectors
from otel_trading.ops.rules.promql.vocabulary import HISTOGRAM_PARTS
from otel_trading.semconv import ALL_METRICS
from tools.dashboards.panels import Dashboard, Panel
from tools.dashboards.queries import Query, substituted

PARSABLE: Final = {
    "__rate_interval": "20s",
    "__range": "15m",
    "environment": "live",
    "service": ".*",
    "venue": ".*",
    "strategy": ".*",
}
"""Values for Grafana's variables, with which an expression can be parsed."""

_PARTS: Final = ("", *HISTOGRAM_PARTS)


def names_read(query: Query, known: Iterable[str]) -> set[str]:
    """Return the names of the series that a query reads.

    Args:
        query: The query of a panel.
        known: The names that a pattern is compared with.
    """
    names: set[str] = set()
    for selector in selectors(parse(substituted(query.expr, PARSABLE))):
        name = name_of(selector)
        patterns = patterns_of(selector)
        names |= {name} if name else {each for each in known if all(p.accepts(each) for p in patterns)}
    return names


def panels_of(dashboards: Iterable[Dashboard]) -> dict[str, list[tuple[Dashboard, Panel]]]:
    """Return the panels of each metric of the vocabulary, by its OpenTelemetry name.

    Args:
        dashboards: All dashboards.
    """
    all_queries = [
        (board, panel, query)
        for board in dashboards
        for panel, _ in board.panels()
        for query in panel.queries
    ]
    series = {metric.prometheus + part: metric.name for metric in ALL_METRICS for part in _PARTS}
    found: dict[str, list[tuple[Dashboard, Panel]]] = {metric.name: [] for metric in ALL_METRICS}
    for board, panel, query in all_queries:
        for name in _metrics(query, series):
            if (board, panel) not in found[name]:
                found[name].append((board, panel))
    return found


def _metrics(query: Query, series: dict[str, str]) -> Iterator[str]:
    return (series[name] for name in sorted(names_read(query, series)) if name in series)
