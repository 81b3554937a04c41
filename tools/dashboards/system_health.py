"""System Health & Performance: do the services run, and are their resources sufficient?"""

from __future__ import annotations

from typing import Final

from otel_trading.semconv import ALL_METRICS
from tools.dashboards import lines
from tools.dashboards.order_flow import EXECUTION
from tools.dashboards.panels import ENVIRONMENT, ILL, SERVICE, VENUE, WELL, Dashboard, Panel, Step, ceiling
from tools.dashboards.queries import Query, quantile

SERVICES: Final = tuple(
    dict.fromkeys(name for metric in ALL_METRICS for name in metric.service.split("+") if name != "all")
)
"""The services of the vocabulary; each has the same colour in every panel."""

_OF: Final = "${service_name}"


def _slowest(share: float, prometheus: str, *labels: str) -> str:
    """Return a quantile of a histogram by labels, for the eight slowest series."""
    by = ", ".join(("le", *labels))
    return f"topk(8, histogram_quantile({share:g}, sum by ({by}) (rate({prometheus}_bucket{{ENV, SERVICE}}[RATE]))))"


_STALE: Final = lines.alert_line("TradingServiceHeartbeatStale")
UP: Final = Panel(
    "Services up",
    "As many services send heartbeats as are expected.",
    "a missing service was never started, hangs, or has ended: see Heartbeat age.",
    "stat",
    "none",
    5,
    (
        Query(
            f"count(time() - max by (service_name) (trading_service_heartbeat_timestamp_seconds{{ENV}}) <= {_STALE:g})"
            " or 0 * count(trading:service:expected{ENV})",
            "up",
        ),
        Query("count(trading:service:expected{ENV})", "expected"),
    ),
    (Step(None, ILL), Step(1, WELL)),
)
HEARTBEAT: Final = Panel(
    "Heartbeat age",
    f"Every main loop sent a heartbeat less than {_STALE:g} s ago.",
    "follow the runbook of TradingServiceHeartbeatStale: it is hung, stopped, or silenced.",
    "stat",
    lines.unit("trading_service_heartbeat_timestamp_seconds"),
    11,
    (
        Query(
            "time() - max by (service_name) (trading_service_heartbeat_timestamp_seconds{ENV, SERVICE})",
            "{{service_name}}",
        ),
    ),
    ceiling(_STALE, near=0.8),
    service=_OF,
    decimals=1,
)
WATCHERS: Final = Panel(
    "Watchers",
    "Rules take a fraction of their interval, and every notification is delivered.",
    "late rules are late alerts: PrometheusRuleGroupOverrun; lost ones: AlertmanagerNotificationsFailing.",
    "stat",
    "percentunit",
    8,
    (
        Query(
            "max(prometheus_rule_group_last_duration_seconds / prometheus_rule_group_interval_seconds)",
            "slowest rules, of their interval",
        ),
        Query(
            "sum(increase(alertmanager_notifications_failed_total[$__range]))",
            "notifications given up",
            unit="none",
        ),
    ),
    ceiling(lines.alert_line("PrometheusRuleGroupOverrun")),
    decimals=0,
)
CPU: Final = Panel(
    "CPU",
    f"Every process uses less than {lines.alert_line('TradingHighCpuUsage'):.0%} of a core.",
    "follow the runbook of TradingHighCpuUsage; its latency panels say whether it hurts yet.",
    "timeseries",
    "percentunit",
    6,
    (
        Query(
            "topk(8, sum by (service_name) (rate(process_cpu_time_seconds_total{ENV, SERVICE}[RATE])))",
            "{{service_name}}",
        ),
    ),
    ceiling(lines.alert_line("TradingHighCpuUsage"), near=1),
    minimum=0,
    names=SERVICES,
    service=_OF,
)
MEMORY: Final = Panel(
    "Memory",
    "Lines are flat, and far below the alert's.",
    "one that rises steadily leaks: follow the runbook of TradingMemoryLeak before it reaches the line.",
    "timeseries",
    lines.unit("process_memory_usage_bytes"),
    6,
    (Query("topk(8, max by (service_name) (process_memory_usage_bytes{ENV, SERVICE}))", "{{service_name}}"),),
    ceiling(lines.alert_line("TradingMemoryLeak", "process_memory"), near=1),
    minimum=0,
    names=SERVICES,
    service=_OF,
)
QUEUES: Final = Panel(
    "Queues",
    "Queues are empty most of the time.",
    "one that grows has a reader that is too slow: follow the runbook of TradingQueueBacklog.",
    "timeseries",
    lines.unit("trading_queue_depth"),
    6,
    (
        Query(
            "topk(8, max by (messaging_destination_name, trading_queue_direction) (trading_queue_depth{ENV, SERVICE}))",
            "{{messaging_destination_name}} {{trading_queue_direction}}",
        ),
    ),
    ceiling(lines.alert_line("TradingQueueBacklog", "trading_queue"), near=1),
    minimum=0,
    service=EXECUTION,
)
LAG: Final = Panel(
    "Event-loop lag",
    "99 % of the turns are less than a few milliseconds late.",
    "something blocks the loop: see its traces for a long span without an await.",
    "timeseries",
    lines.unit("trading_event_loop_lag_seconds"),
    6,
    (Query(_slowest(0.99, "trading_event_loop_lag_seconds", "service_name"), "{{service_name}}"),),
    is_log=True,
    names=SERVICES,
    service=_OF,
)
_API: Final = "http_client_request_duration_seconds"
REQUESTS: Final = Panel(
    "Venue API: requests",
    "Answers are 2xx, and their rate stays below the venue's quota.",
    "429 is the quota, 5xx the venue, 4xx our request: see the runbooks of ApiRateLimitHit and ExecutionApiDown.",
    "timeseries",
    "reqps",
    6,
    (
        Query(
            f"topk(8, sum by (http_response_status_code) (rate({_API}_count{{ENV, SERVICE}}[RATE])))",
            "status {{http_response_status_code}}",
        ),
    ),
    minimum=0,
    names=tuple(f"status {code}" for code in (200, 404, 201, 422, 204, 503, 429)),
    service=EXECUTION,
)
_DOWN: Final = lines.alert_line("TradingExecutionApiDown")
ERRORS: Final = Panel(
    "Venue API: errors",
    "Less than one request in 1,000 fails.",
    f"at {_DOWN:.0%} the venue counts as down: follow the runbook of TradingExecutionApiDown.",
    "timeseries",
    "percentunit",
    6,
    (
        Query(
            f'(sum(rate({_API}_count{{ENV, SERVICE, error_type!~"4..|"}}[RATE])) or vector(0))'
            f" / sum(rate({_API}_count{{ENV, SERVICE}}[RATE]))",
            "5xx and no answer",
        ),
        Query(
            f'(sum(rate({_API}_count{{ENV, SERVICE, error_type="429"}}[RATE])) or vector(0))'
            f" / sum(rate({_API}_count{{ENV, SERVICE}}[RATE]))",
            "429",
        ),
    ),
    ceiling(_DOWN, near=1),
    minimum=0,
    maximum=1,
    service=EXECUTION,
)
_ROUND_TRIP: Final = lines.objective(_API)
API: Final = Panel(
    "Venue API: latency",
    f"{_ROUND_TRIP.quantile:.0%} of the requests take at most {_ROUND_TRIP.boundary:g} s.",
    "click an exemplar: the cause is the venue, or the wait for one of our connections.",
    "timeseries",
    lines.unit(_API),
    6,
    (
        Query(quantile(0.5, _API, "SERVICE"), "half"),
        Query(quantile(_ROUND_TRIP.quantile, _API, "SERVICE"), f"{_ROUND_TRIP.quantile:.0%}", exemplars=True),
    ),
    ceiling(_ROUND_TRIP.boundary, near=1),
    is_log=True,
    service=EXECUTION,
)
RETRIES: Final = Panel(
    "Venue API: retries",
    "No request needs a second attempt.",
    "third attempts mean seconds of delay: follow the runbook of TradingRetryEscalation.",
    "timeseries",
    "ops",
    6,
    (
        Query(
            "sum by (trading_order_retry_attempt) (rate(trading_order_retries_total{ENV, VENUE}[RATE]))",
            "attempt {{trading_order_retry_attempt}}",
        ),
    ),
    minimum=0,
    nothing="no retries",
    names=("attempt 1", "attempt 2", "attempt 3+"),
    service=EXECUTION,
)
ZEROMQ: Final = Panel(
    "ZeroMQ: messages",
    "Each reader receives every message once.",
    "fewer received than sent: a reader is too slow, or was not connected; see Queues.",
    "timeseries",
    "mps",
    6,
    (
        Query(
            "topk(8, sum by (messaging_destination_name, messaging_operation_name)"
            " (rate(messaging_client_operation_duration_seconds_count{ENV, SERVICE}[RATE])))",
            "{{messaging_destination_name}} {{messaging_operation_name}}",
        ),
    ),
    minimum=0,
    service=EXECUTION,
)
ZEROMQ_TIME: Final = Panel(
    "ZeroMQ: 99 % of the operations",
    "Sending takes microseconds, since it only adds to a queue.",
    "longer means that a queue is full and the sender waits.",
    "timeseries",
    lines.unit("messaging_client_operation_duration_seconds"),
    6,
    (
        Query(
            _slowest(0.99, "messaging_client_operation_duration_seconds", "messaging_operation_name"),
            "{{messaging_operation_name}}",
            exemplars=True,
        ),
    ),
    is_log=True,
    service=EXECUTION,
)
STEPS: Final = Panel(
    "Steps without an objective",
    "Lines are flat.",
    "one that rises eats the objective of the stage it belongs to.",
    "timeseries",
    "s",
    6,
    (
        Query(quantile(0.99, "trading_signal_feature_duration_seconds", "SERVICE"), "features"),
        Query(quantile(0.99, "trading_signal_generate_duration_seconds", "SERVICE"), "tick to signal"),
        Query(quantile(0.99, "trading_order_route_duration_seconds", "SERVICE"), "routing"),
        Query(quantile(0.99, "trading_position_update_duration_seconds", "SERVICE"), "positions"),
    ),
    is_log=True,
    service="signal-bridge",
)
CLOCK: Final = Panel(
    "Clocks and transit",
    "Offsets are near zero: regulators allow 100 µs by PTP and 50 ms by NTP.",
    "follow the runbook of TradingClockDrift; transit means nothing while a clock is off.",
    "timeseries",
    lines.unit("trading_clock_offset_seconds"),
    6,
    (
        Query(
            "topk(4, max by (service_name, trading_clock_source) (abs(trading_clock_offset_seconds{ENV, SERVICE})))",
            "{{service_name}} by {{trading_clock_source}}",
        ),
        Query(quantile(0.99, "trading_market_data_transit_duration_seconds", "SERVICE"), "99% of transits"),
    ),
    service="market-data",
)
_FULL: Final = lines.alert_line("TelemetryExporterQueueNearFull")
EXPORTERS: Final = Panel(
    "Collector: queues",
    "Queues are empty: every backend accepts its data.",
    "the exporter names the backend that does not answer; at 100 % telemetry is lost.",
    "timeseries",
    "percentunit",
    8,
    (
        Query(
            "topk(8, max by (exporter, data_type) (otelcol_exporter_queue_size / otelcol_exporter_queue_capacity))",
            "{{exporter}} {{data_type}}",
        ),
    ),
    ceiling(_FULL, near=1),
    minimum=0,
    maximum=1,
)
_SIGNALS: Final = ("metric_points", "spans", "log_records")
DELIVERED: Final = Panel(
    "Collector: delivered",
    "Three lines that follow the services' load.",
    "a line at zero while services run: `otel-trading doctor` names the broken backend or pipeline.",
    "timeseries",
    "cps",
    8,
    tuple(
        Query(f"sum(rate(otelcol_exporter_sent_{each}[RATE]))", each.replace("_", " ")) for each in _SIGNALS
    ),
    is_log=True,
)
LOST: Final = Panel(
    "Telemetry that is lost",
    "There is one line, at zero.",
    "follow the runbook of TelemetryExporterDataLoss: this telemetry cannot be recovered.",
    "timeseries",
    "cps",
    8,
    (
        Query(
            "sum by (exporter) (rate("
            '{__name__=~"otelcol_exporter_(send|enqueue)_failed_(metric_points|spans|log_records)"}[RATE]))',
            "{{exporter}}",
            unless="a backend is away until its queue is full",
        ),
        Query("sum(rate(prometheus_tsdb_too_old_samples_total[RATE]))", "too late for Prometheus"),
    ),
    minimum=0,
)

DASHBOARD: Final = Dashboard(
    "system-health",
    "System Health & Performance",
    "Do the services run, and are their resources sufficient?",
    "30s",
    "1h",
    (ENVIRONMENT, SERVICE, VENUE),
    (
        (4, (UP, HEARTBEAT, WATCHERS)),
        (8, (CPU, MEMORY, QUEUES, LAG)),
        (8, (REQUESTS, ERRORS, API, RETRIES)),
        (8, (ZEROMQ, ZEROMQ_TIME, STEPS, CLOCK)),
        (7, (EXPORTERS, DELIVERED, LOST)),
    ),
)
