"""The report: summarizes the store at the end of a run; `screen` prints it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from otel_trading.ops.viewer.records import StoredLog, StoredSpan
from otel_trading.ops.viewer.series import Series
from otel_trading.ops.viewer.store import Store
from otel_trading.semconv import ALL_METRICS
from otel_trading.semconv import order as order_names
from otel_trading.semconv.definitions import Metric

CATALOGUE: Final = {metric.name: metric for metric in ALL_METRICS}
"""The metrics of the vocabulary by name."""

_FILL: Final = order_names.TRADING_ORDER_FILLED


@dataclass(frozen=True)
class MetricValue:
    """The value of a metric over all its series.

    Attributes:
        metric: The metric of the catalogue.
        series: The number of series.
        value: The sum of counters and up-down counters; the largest of gauges; None for a histogram.
        count: The number of values in a histogram.
        mean: The mean of the values in a histogram, in the metric's unit.
    """

    metric: Metric
    series: int
    value: float | None = None
    count: int | None = None
    mean: float | None = None


@dataclass(frozen=True)
class Report:
    """The summary of one run.

    Attributes:
        metrics: The metrics of the catalogue with data, in the order of the catalogue.
        missing: The names of the metrics without data.
        order: The spans of the displayed order, from the tick on; empty if no order was traced.
        order_is_exemplar: Whether an exemplar of tick-to-trade has the id of that trace.
        order_logs: The log records of that trace.
        orders: The numbers of submitted, completed, filled, rejected and open orders.
        dropped: The losses by signal and reason: in the services, in transit, and by eviction here.
        received: The numbers of received spans, traces, logs and points.
        extra: Further entries of the JSON.
    """

    metrics: list[MetricValue]
    missing: list[str]
    order: list[StoredSpan]
    order_is_exemplar: bool
    order_logs: list[StoredLog]
    orders: dict[str, int]
    dropped: dict[str, dict[str, int]]
    received: dict[str, int]
    extra: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the report in the structure of its JSON."""
        return {
            "metrics": {
                "with_data": len(self.metrics),
                "missing": self.missing,
                "values": {value.metric.name: _as_dict(value) for value in self.metrics},
            },
            "traces": {
                "count": self.received.get("traces", 0),
                "spans": self.received.get("spans", 0),
                "services_in_order_trace": services_in(self.order),
                "order_trace_id": self.order[0].trace_id if self.order else None,
                "order_trace_is_exemplar": self.order_is_exemplar,
            },
            "logs": {
                "count": self.received.get("logs", 0),
                "with_trace_id": self.received.get("logs_with_trace_id", 0),
            },
            "orders": self.orders,
            "dropped": self.dropped,
            **self.extra,
        }


def build(store: Store, dropped: dict[str, dict[str, int]], extra: dict[str, Any] | None = None) -> Report:
    """Build the report of a finished run.

    Args:
        store: The store with the received data.
        dropped: The losses that the services report, by signal and reason.
        extra: Further entries of the JSON.
    """
    with store.lock:
        present = store.metric_names()
        order = order_trace(store)
        trace_id = order[0].trace_id if order else None
        return Report(
            metrics=[_summary(store, m) for name, m in CATALOGUE.items() if name in present],
            missing=[name for name in CATALOGUE if name not in present],
            order=order,
            order_is_exemplar=trace_id in _exemplars(store),
            order_logs=sorted(
                (log for log in store.logs if trace_id and log.trace_id == trace_id),
                key=lambda log: log.time_ns,
            ),
            orders=order_counts(store),
            dropped=_merged(dropped, {"viewer": dict(store.evicted)} if store.evicted else {}),
            received=dict(store.received),
            extra=extra or {},
        )


def services_in(spans: list[StoredSpan]) -> list[str]:
    """Return the services of a trace in the order of their first span."""
    return list(dict.fromkeys(span.service for span in spans))


def order_trace(store: Store) -> list[StoredSpan]:
    """Return the best trace of an order: complete, filled, through many services, and an exemplar.

    Args:
        store: The store with the traces.

    Returns:
        The spans of the trace by their start; empty if no order was traced.
    """
    exemplars = _exemplars(store)
    best = max(
        store.orders,
        key=lambda trace_id: _rank(store.orders[trace_id], is_exemplar=trace_id in exemplars),
        default="",
    )
    return store.trace(best)


def _exemplars(store: Store) -> set[str]:
    series = store.series_of(order_names.TRADING_TICK_TO_TRADE_DURATION)
    return {trace_id for one in series for trace_id in one.exemplars}


def _rank(spans: list[StoredSpan], *, is_exemplar: bool) -> tuple[Any, ...]:
    is_filled = any(event.name == _FILL for span in spans for event in span.events)
    has_root = any(not span.parent_id for span in spans)
    return has_root, is_filled, len({span.service for span in spans}), is_exemplar, -len(spans)


def order_counts(store: Store) -> dict[str, int]:
    """Return the numbers of submitted, completed, open, filled and rejected orders."""
    completed: Counter[str] = Counter()
    for series in store.series_of(order_names.TRADING_ORDER_COMPLETED):
        completed[str(series.attributes.get(order_names.TRADING_ORDER_STATUS))] += int(series.value)
    submitted = _total(store.series_of(order_names.TRADING_ORDER_SUBMITTED))
    return {
        "submitted": submitted,
        "completed": completed.total(),
        "open": submitted - completed.total(),
        "filled": completed["filled"],
        "rejected": _total(store.series_of(order_names.TRADING_ORDER_REJECTED)),
    }


def _total(series: list[Series]) -> int:
    return int(sum(one.value for one in series))


def _summary(store: Store, metric: Metric) -> MetricValue:
    series = store.series_of(metric.name)
    if metric.kind == "histogram":
        count = sum(one.count for one in series)
        mean = sum(one.value for one in series) / count if count else None
        return MetricValue(metric, len(series), count=count, mean=mean)
    values = [one.value for one in series]
    return MetricValue(metric, len(series), value=max(values) if metric.kind == "gauge" else sum(values))


def _as_dict(value: MetricValue) -> dict[str, Any]:
    given = {"value": value.value, "count": value.count, "mean": value.mean}
    shown = {key: number for key, number in given.items() if number is not None}
    return {"series": value.series, "unit": value.metric.unit, **shown}


def _merged(*parts: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    merged: dict[str, Counter[str]] = {}
    for part in parts:
        for signal, reasons in part.items():
            merged.setdefault(signal, Counter()).update(reasons)
    return {signal: dict(reasons) for signal, reasons in merged.items()}
