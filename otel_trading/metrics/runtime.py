# Generated from registry/runtime.yaml by make generate. Do not edit.
"""The metrics of the domain runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_trading.recording import CounterMetric, GaugeMetric, HistogramMetric, UpDownCounterMetric
from otel_trading.semconv.runtime import METRICS

if TYPE_CHECKING:
    from otel_trading.recording import Counter, Gauge, Histogram, UpDownCounter
    from otel_trading.semconv.runtime import TradingClockSourceValues, TradingQueueDirectionValues


class QueueDepth(UpDownCounterMetric):
    """Messages that wait in a queue, counted by the application.

    ZeroMQ does not report the depth of its own queues.

    Unit: `{message}`.
    """

    if TYPE_CHECKING:

        def bind(
            self, *, destination_name: str, direction: str | TradingQueueDirectionValues
        ) -> UpDownCounter: ...


class ServiceHeartbeatTimestamp(GaugeMetric):
    """Unix time of the main loop's last iteration.

    Only the main loop sets it, so that its age grows while the loop hangs.

    Unit: `s`.
    """

    if TYPE_CHECKING:

        def bind(self) -> Gauge: ...


class ClockOffset(GaugeMetric):
    """Local clock minus UTC, signed.

    MiFID II RTS 25 requires 100 µs, FINRA's CAT 50 ms.

    Unit: `s`.
    """

    if TYPE_CHECKING:

        def bind(self, *, clock_source: str | TradingClockSourceValues) -> Gauge: ...


class EventLoopLag(HistogramMetric):
    """Delay with which the event loop ran a timer.

    Unit: `s`.
    """

    if TYPE_CHECKING:

        def bind(self) -> Histogram: ...


class MessagingClientOperationDuration(HistogramMetric):
    """Duration of one ZeroMQ send or receive; its count is the number of messages.

    The boundaries are finer than those of the convention, because the operations take microseconds.

    Unit: `s`.
    """

    if TYPE_CHECKING:

        def bind(
            self,
            *,
            messaging_system: str,
            destination_name: str,
            operation_name: str,
            error_type: str | None = None,
        ) -> Histogram: ...


class ProcessCpuTime(CounterMetric):
    """CPU time of the process; its rate is the number of cores in use.

    Unit: `s`.
    """

    if TYPE_CHECKING:

        def bind(self, *, cpu_mode: str) -> Counter: ...


class ProcessMemoryUsage(UpDownCounterMetric):
    """Resident memory of the process.

    Unit: `By`.
    """

    if TYPE_CHECKING:

        def bind(self) -> UpDownCounter: ...


queue_depth: Final = QueueDepth(METRICS[0])
service_heartbeat_timestamp: Final = ServiceHeartbeatTimestamp(METRICS[1])
clock_offset: Final = ClockOffset(METRICS[2])
event_loop_lag: Final = EventLoopLag(METRICS[3])
messaging_client_operation_duration: Final = MessagingClientOperationDuration(METRICS[4])
process_cpu_time: Final = ProcessCpuTime(METRICS[5])
process_memory_usage: Final = ProcessMemoryUsage(METRICS[6])
