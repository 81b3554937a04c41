"""Latency: the duration of each stage, compared with its objective."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import log10
from typing import Any, Final, NamedTuple

from nicegui import ui

from otel_trading.ops.viewer import wording
from otel_trading.ops.viewer.history import WINDOW, quantiles, times
from otel_trading.ops.viewer.page import charts
from otel_trading.ops.viewer.page.blocks import chart
from otel_trading.ops.viewer.page.charts import Line
from otel_trading.ops.viewer.page.frame import Site, Value, Values, html, live, open_frame, when_first_data
from otel_trading.ops.viewer.report import CATALOGUE
from otel_trading.ops.viewer.series import Distribution, distribution
from otel_trading.ops.viewer.store import Store
from otel_trading.semconv.definitions import Metric

DECADES: Final = ("1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s", "10 s")
"""The labels of the logarithmic scale, one per decade."""

_FASTEST: Final = 1e-6


class Stage(NamedTuple):
    """One stage of an order: its label and its metric."""

    label: str
    metric: Metric

    @property
    def key(self) -> str:
        """The prefix of the names of its places on the page."""
        return self.metric.name.replace(".", "-")


STAGES: Final = tuple(
    Stage(label, CATALOGUE[name])
    for label, name in (
        ("Tick in the book", "trading.market_data.process.duration"),
        ("Book update", "trading.order_book.update.duration"),
        ("Features", "trading.signal.feature.duration"),
        ("Inference", "trading.signal.inference.duration"),
        ("Signal", "trading.signal.generate.duration"),
        ("Risk check", "trading.risk.check.duration"),
        ("Route", "trading.order.route.duration"),
        ("Submit", "trading.order.submit.duration"),
        ("Acknowledgement", "trading.order.ack.duration"),
        ("First fill", "trading.order.fill.duration"),
        ("Venue's API", "http.client.request.duration"),
        ("Position update", "trading.position.update.duration"),
        ("Tick to trade", "trading.tick_to_trade.duration"),
    )
)
"""The stages in the sequence of an order."""


def area(site: Site) -> None:
    """Register the page."""

    @ui.page("/latency")
    def latency() -> None:
        open_frame(site, "/latency", "Latency")
        if site.store.is_empty():
            html("welcome.html", endpoint=site.endpoint, grpc_endpoint=site.grpc_endpoint)
            when_first_data(site.store)
            return
        ladder(site.store, "Every stage, last 5 minutes", with_objective=False)
        with ui.element("div").classes("grid thirds"):
            for stage in STAGES:
                if stage.metric.slo is not None:
                    title = f"{stage.label}: 99 % below, µs; objective {wording.duration(stage.metric.slo)}"
                    chart(site.store, title, _over_time(stage))


def ladder(store: Store, title: str, *, with_objective: bool) -> None:
    """Show the stages below each other on one scale, and keep them up to date.

    Args:
        store: The store with the values.
        title: The title of the panel.
        with_objective: Whether to show only the stages with an objective.
    """
    stages = [stage for stage in STAGES if stage.metric.slo is not None or not with_objective]
    with store.lock:
        shown = _all(store, stages)
    html("ladder.html", title=title, stages=stages, v=shown, decades=DECADES, place=place)
    live(store, lambda: _all(store, stages), shown)


def standing(stage: Stage, recorded: Distribution) -> Values:
    """Return the quantiles of a stage, their positions on the scale, and the verdict of the objective.

    Args:
        stage: The stage.
        recorded: The recorded durations.
    """
    middle, tail = recorded.quantile(0.5), recorded.quantile(0.99)
    verdict, state = _verdict(stage, recorded)
    return {
        f"{stage.key}-p50": Value(wording.duration(middle), "", place(middle)),
        f"{stage.key}-p99": Value(
            f"{'over ' if recorded.is_beyond(tail) else ''}{wording.duration(tail)}", state, place(tail)
        ),
        f"{stage.key}-verdict": Value(verdict, state),
        f"{stage.key}-count": Value(wording.number(recorded.count)),
    }


def place(seconds: float | None) -> float:
    """Return the position of a duration on the scale, from 0 to 1; below 0 without a duration."""
    if seconds is None:
        return -1.0
    if seconds <= _FASTEST:
        return 0.0
    return round(min(1.0, log10(seconds / _FASTEST) / (len(DECADES) - 1)), 4)


def _all(store: Store, stages: list[Stage]) -> Values:
    since = time.time() - WINDOW
    values: dict[str, Value] = {}
    for stage in stages:
        values.update(standing(stage, distribution(store.series_of(stage.metric.name), since)))
    return values


def _verdict(stage: Stage, recorded: Distribution) -> tuple[str, str]:
    if stage.metric.slo is None:
        return "", ""
    within = recorded.within(stage.metric.slo)
    if within is None:
        return "no values", ""
    text = f"{wording.percent(within)} within"
    tail = recorded.quantile(0.95) or 0.0
    if tail > stage.metric.slo:
        return f"▲ {text}", "bad"
    return (
        (f"△ {text}", "warn")
        if (recorded.quantile(0.99) or 0.0) > stage.metric.slo
        else (f"✓ {text}", "good")
    )


def _over_time(stage: Stage) -> Callable[[Store], dict[str, Any]]:
    def options(store: Store) -> dict[str, Any]:
        at = times(time.time())
        tail = quantiles(store.series_of(stage.metric.name), at, 0.99)
        objective = (stage.metric.slo or 0.0) * 1e6
        shown = [None if value is None else max(0.1, round(value * 1e6, 1)) for value in tail]
        return charts.lines(
            at[1:],
            [Line("99 %", "blue", shown), Line("objective", "vermillion", [objective] * len(tail), "dashed")],
            log=True,
        )

    return options
