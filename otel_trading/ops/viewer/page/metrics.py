"""Metrics: the catalogue with the value of each metric, and a page for each metric with its series."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Final

from nicegui import ui

from otel_trading.ops.viewer import wording
from otel_trading.ops.viewer.history import BAR, WINDOW, increases, levels, quantiles, times
from otel_trading.ops.viewer.page import charts
from otel_trading.ops.viewer.page.blocks import block, chart
from otel_trading.ops.viewer.page.charts import Line
from otel_trading.ops.viewer.page.frame import Site, Value, Values, html, live, open_frame
from otel_trading.ops.viewer.report import CATALOGUE
from otel_trading.ops.viewer.series import Series, distribution
from otel_trading.ops.viewer.store import Store
from otel_trading.semconv import ALL_METRICS
from otel_trading.semconv.definitions import Metric

LIVE: Final = 60.0
"""The largest age of the last point of a live metric, in seconds."""

_MOST_SERIES: Final = 100


def area(site: Site) -> None:
    """Register the catalogue, and the page of one metric."""

    @ui.page("/metrics")
    def metrics(q: str = "", only: str = "") -> None:
        open_frame(site, "/metrics", "Metrics")
        with site.store.lock:
            shown = values(site.store)
            others = sorted(site.store.metric_names() - CATALOGUE.keys())
        found = [m for m in ALL_METRICS if matches(m, q) and (only != "live" or _is_live(shown, m))]
        html("metrics.html", metrics=found, others=others, v=shown, q=q, only=only, total=len(ALL_METRICS))
        live(site.store, lambda: values(site.store), shown)

    @ui.page("/metrics/{name}")
    def metric(name: str) -> None:
        open_frame(site, "/metrics", name)
        known = CATALOGUE.get(name)
        with site.store.lock:
            series = site.store.series_of(name)
        html("metric.html", name=name, metric=known, has_data=bool(series), slo=_objective(known))
        if series:
            chart(site.store, *_drawing(name, series[0], known))
            block(site.store, "series.html", lambda: {"series": rows(site.store.series_of(name))})


def values(store: Store) -> Values:
    """Return the value of each metric of the catalogue, and whether the metric is live."""
    by_name: defaultdict[str, list[Series]] = defaultdict(list)
    for series in store.series.values():
        by_name[series.name].append(series)
    now, shown = time.time(), dict[str, Value]()
    for metric in ALL_METRICS:
        found = by_name[metric.name]
        state, word = _liveness(found, now)
        shown[f"{metric.name}-value"] = Value(_value_of_metric(metric, found))
        shown[f"{metric.name}-live"] = Value(word, state)
    alive = sum(value.state == "good" for key, value in shown.items() if key.endswith("-live"))
    return {**shown, "live-count": Value(f"{alive} of {len(ALL_METRICS)} live")}


def matches(metric: Metric, text: str) -> bool:
    """Return whether each word of a query is in a metric's name, description, unit or service."""
    searched = (
        f"{metric.name} {metric.description} {metric.unit} {metric.service} {metric.prometheus}".lower()
    )
    return all(word in searched for word in text.lower().split())


def rows(series: list[Series]) -> list[dict[str, Any]]:
    """Return the series of a metric as rows of a table."""
    return [
        {
            "service": one.service,
            "labels": " ".join(f"{key}={value}" for key, value in one.attributes.items()),
            "value": _value_of_series(one),
            "trace_id": one.exemplars[-1] if one.exemplars else "",
        }
        for one in series[:_MOST_SERIES]
    ]


def _liveness(series: list[Series], now: float) -> tuple[str, str]:
    if not series:
        return "", "no data"
    silent = now - max(one.points[-1].time for one in series if one.points)
    return ("good", "live") if silent < LIVE else ("warn", wording.age(silent))


def _value_of_metric(metric: Metric, series: list[Series]) -> str:
    if not series:
        return wording.NONE
    if metric.kind == "histogram":
        count = sum(one.count for one in series)
        mean = sum(one.value for one in series) / count if count else None
        return f"{wording.measured(mean, metric.unit)} mean of {count:,}"
    if metric.name.endswith(".timestamp"):
        return wording.age(time.time() - max(one.value for one in series))
    held = [one.value for one in series]
    return wording.measured(max(held) if metric.kind == "gauge" else sum(held), metric.unit)


def _value_of_series(one: Series) -> str:
    if one.bounds or one.count:
        tail = distribution([one], time.time() - WINDOW).quantile(0.99)
        return f"{one.count:,} values, 99 % of the last 5 min below {wording.measured(tail, one.unit)}"
    if one.name.endswith(".timestamp"):
        return wording.age(time.time() - one.value)
    return wording.measured(one.value, one.unit)


def _is_live(shown: Values, metric: Metric) -> bool:
    return shown[f"{metric.name}-live"].state == "good"


def _objective(metric: Metric | None) -> str:
    return "" if metric is None or metric.slo is None else wording.measured(metric.slo, metric.unit)


def _drawing(name: str, one: Series, metric: Metric | None) -> tuple[str, Callable[[Store], dict[str, Any]]]:
    """Return the title of a metric's chart, and the function that returns its options, by its kind."""
    if one.bounds:
        factor, unit = (1e6, "µs") if one.unit == "s" else (1.0, one.unit)
        return f"99 % below, {unit}", lambda store: _tail(store, name, factor)
    is_counter = metric.kind == "counter" if metric else _only_grows(one)
    if is_counter:
        return "Increase, each 10 s", lambda store: _growth(store, name)
    return f"Sum of all series, {one.unit}", lambda store: _level(store, name)


def _only_grows(one: Series) -> bool:
    return len(one.points) > 1 and all(b.value >= a.value for a, b in pairwise(one.points))


def _tail(store: Store, name: str, factor: float) -> dict[str, Any]:
    at = times(time.time())
    tail = [None if v is None else v * factor for v in quantiles(store.series_of(name), at, 0.99)]
    return charts.lines(at[1:], [Line("99 %", "blue", tail)])


def _growth(store: Store, name: str) -> dict[str, Any]:
    at = times(time.time(), BAR)
    return charts.bars(at, [Line("increase", "blue", increases(store.series_of(name), at))])


def _level(store: Store, name: str) -> dict[str, Any]:
    at = times(time.time())
    return charts.lines(at, [Line("sum", "blue", levels(store.series_of(name), at))])
