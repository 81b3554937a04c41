# Generated from registry/runtime.yaml by make generate. Do not edit.
"""Names and definitions of the domain runtime."""

from __future__ import annotations

from enum import Enum
from typing import Final

from otel_trading.semconv import boundaries, labels
from otel_trading.semconv.definitions import Metric

TRADING_QUEUE_DIRECTION: Final = "trading.queue.direction"
"""
The direction of a queue's messages.
"""

TRADING_CLOCK_SOURCE: Final = "trading.clock.source"
"""
The reference that the local clock is compared with.
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
    """A measurement of the application itself."""

    OTHER = "_OTHER"
    """Any other value."""


TRADING_QUEUE_DEPTH: Final = "trading.queue.depth"
"""
Messages that wait in a queue, counted by the application.
"""

TRADING_SERVICE_HEARTBEAT_TIMESTAMP: Final = "trading.service.heartbeat.timestamp"
"""
Unix time of the main loop's last iteration.
"""

TRADING_CLOCK_OFFSET: Final = "trading.clock.offset"
"""
Local clock minus UTC, signed.
"""

TRADING_EVENT_LOOP_LAG: Final = "trading.event_loop.lag"
"""
Delay with which the event loop ran a timer.
"""

MESSAGING_CLIENT_OPERATION_DURATION: Final = "messaging.client.operation.duration"
"""
Duration of one ZeroMQ send or receive; its count is the number of messages.
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
        labels=(labels.MESSAGING_DESTINATION_NAME, labels.QUEUE_DIRECTION),
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
        description="Unix time of the main loop's last iteration.",
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
        labels=(labels.CLOCK_SOURCE,),
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
        description="Delay with which the event loop ran a timer.",
        labels=(),
        service="all",
        prometheus="trading_event_loop_lag_seconds",
        boundaries=boundaries.FROM_50US_TO_1S,
        slo=None,
        headline=False,
    ),
    Metric(
        name="messaging.client.operation.duration",
        kind="histogram",
        unit="s",
        description="Duration of one ZeroMQ send or receive; its count is the number of messages.",
        labels=(
            labels.MESSAGING_SYSTEM,
            labels.MESSAGING_DESTINATION_NAME,
            labels.MESSAGING_OPERATION_NAME,
            labels.OPTIONAL_ERROR_TYPE,
        ),
        service="all",
        prometheus="messaging_client_operation_duration_seconds",
        boundaries=boundaries.FROM_5US_TO_50MS,
        slo=None,
        headline=False,
    ),
    Metric(
        name="process.cpu.time",
        kind="counter",
        unit="s",
        description="CPU time of the process; its rate is the number of cores in use.",
        labels=(labels.CPU_MODE,),
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
