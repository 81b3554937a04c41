# Generated from registry/runtime.yaml by make generate. Do not edit.
"""Names and definitions of the domain runtime."""

from __future__ import annotations

from enum import Enum
from typing import Final

from otel_trading.semconv.definitions import Label, Metric

TRADING_QUEUE_DIRECTION: Final = "trading.queue.direction"
"""
Which way a queue's messages go.
"""

TRADING_CLOCK_SOURCE: Final = "trading.clock.source"
"""
What the local clock is compared with.
"""


class TradingQueueDirectionValues(Enum):
    """Values of `trading.queue.direction`."""

    IN = "in"
    """They wait to be processed here."""

    OUT = "out"
    """They wait to be sent."""


class TradingClockSourceValues(Enum):
    """Values of `trading.clock.source`."""

    PTP = "ptp"
    """Precision Time Protocol."""

    NTP = "ntp"
    """Network Time Protocol."""

    PPS = "pps"
    """A pulse per second."""

    SYSTEM = "system"
    """What the application measured itself."""

    OTHER = "_OTHER"
    """Any other value."""


TRADING_QUEUE_DEPTH: Final = "trading.queue.depth"
"""
Messages that wait in a queue, counted by the application.
"""

TRADING_SERVICE_HEARTBEAT_TIMESTAMP: Final = "trading.service.heartbeat.timestamp"
"""
When the main loop last came round, as Unix time.
"""

TRADING_CLOCK_OFFSET: Final = "trading.clock.offset"
"""
Local clock minus UTC, signed.
"""

TRADING_EVENT_LOOP_LAG: Final = "trading.event_loop.lag"
"""
How late the event loop ran a timer.
"""

MESSAGING_CLIENT_OPERATION_DURATION: Final = "messaging.client.operation.duration"
"""
Time that one ZeroMQ send or receive took; its count is the number of messages.
"""

PROCESS_CPU_TIME: Final = "process.cpu.time"
"""
CPU time of the process; its rate is the number of cores in use.
"""

PROCESS_MEMORY_USAGE: Final = "process.memory.usage"
"""
Resident memory of the process.
"""

METRICS: Final[tuple[Metric, ...]] = (
    Metric(
        name="trading.queue.depth",
        kind="updowncounter",
        unit="{message}",
        description="Messages that wait in a queue, counted by the application.",
        labels=(
            Label("destination_name", "messaging.destination.name", None, required=True),
            Label("direction", "trading.queue.direction", frozenset({"in", "out"}), required=True),
        ),
        service="all",
        prometheus="trading_queue_depth",
        boundaries=None,
        slo=None,
        headline=True,
    ),
    Metric(
        name="trading.service.heartbeat.timestamp",
        kind="gauge",
        unit="s",
        description="When the main loop last came round, as Unix time.",
        labels=(),
        service="all",
        prometheus="trading_service_heartbeat_timestamp_seconds",
        boundaries=None,
        slo=None,
        headline=False,
    ),
    Metric(
        name="trading.clock.offset",
        kind="gauge",
        unit="s",
        description="Local clock minus UTC, signed.",
        labels=(
            Label(
                "clock_source",
                "trading.clock.source",
                frozenset({"ptp", "ntp", "pps", "system", "_OTHER"}),
                required=True,
            ),
        ),
        service="all",
        prometheus="trading_clock_offset_seconds",
        boundaries=None,
        slo=None,
        headline=False,
    ),
    Metric(
        name="trading.event_loop.lag",
        kind="histogram",
        unit="s",
        description="How late the event loop ran a timer.",
        labels=(),
        service="all",
        prometheus="trading_event_loop_lag_seconds",
        boundaries=(5e-05, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
        slo=None,
        headline=False,
    ),
    Metric(
        name="messaging.client.operation.duration",
        kind="histogram",
        unit="s",
        description="Time that one ZeroMQ send or receive took; its count is the number of messages.",
        labels=(
            Label("messaging_system", "messaging.system", None, required=True),
            Label("destination_name", "messaging.destination.name", None, required=True),
            Label("operation_name", "messaging.operation.name", None, required=True),
            Label("error_type", "error.type", None, required=False),
        ),
        service="all",
        prometheus="messaging_client_operation_duration_seconds",
        boundaries=(
            5e-06,
            1e-05,
            2.5e-05,
            5e-05,
            0.0001,
            0.0002,
            0.0003,
            0.0004,
            0.00045,
            0.0005,
            0.00055,
            0.0006,
            0.00075,
            0.001,
            0.002,
            0.005,
            0.01,
            0.05,
        ),
        slo=None,
        headline=False,
    ),
    Metric(
        name="process.cpu.time",
        kind="counter",
        unit="s",
        description="CPU time of the process; its rate is the number of cores in use.",
        labels=(Label("cpu_mode", "cpu.mode", frozenset({"user", "system"}), required=True),),
        service="all",
        prometheus="process_cpu_time_seconds_total",
        boundaries=None,
        slo=None,
        headline=True,
    ),
    Metric(
        name="process.memory.usage",
        kind="updowncounter",
        unit="By",
        description="Resident memory of the process.",
        labels=(),
        service="all",
        prometheus="process_memory_usage_bytes",
        boundaries=None,
        slo=None,
        headline=True,
    ),
)
"""The domain's metrics, in the order of the registry."""
