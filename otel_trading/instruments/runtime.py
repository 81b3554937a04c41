"""The process itself: its heartbeat, its clock, its event loop, its CPU time and memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from time import time
from typing import TYPE_CHECKING

from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation

from otel_trading import metrics, recording
from otel_trading._guard import guard
from otel_trading.instruments import _arguments

if TYPE_CHECKING:
    import asyncio

    import psutil


@guard("heartbeat")
def heartbeat() -> None:
    """Record that the main loop runs; call it from that loop, at least every few seconds.

    A thread of our own would keep the heartbeat alive while the main loop hangs.
    """
    metrics.service_heartbeat_timestamp.bind().set(time())


@guard("clock offset")
def clock_offset(seconds: float, source: str = "ntp") -> None:
    """Record how far the local clock is ahead of UTC.

    MiFID II RTS 25 allows 100 µs in high-frequency trading, the CAT of FINRA 50 ms.

    Args:
        seconds: Signed: positive if the local clock is ahead.
        source: The reference clock: "ptp", "ntp", "pps" or "system".
    """
    known = _arguments.word(metrics.clock_offset, "clock_source", source)
    metrics.clock_offset.bind(clock_source=known).set(seconds)


def monitor_event_loop(interval: float = 0.1) -> asyncio.Task[None]:
    """Measure how late the running event loop wakes a task that sleeps.

    Args:
        interval: Seconds between two measurements.

    Returns:
        The task that measures; cancel it to stop.

    Raises:
        LabelError: The interval is not a number above zero.
        RuntimeError: No event loop is running.
    """
    import asyncio  # noqa: PLC0415 - not imported at start-up; a caller with a running loop has it

    pause = _arguments.size(interval, "monitor_event_loop, interval,")
    loop = asyncio.get_running_loop()
    return loop.create_task(_measure_lag(loop, pause), name="otel_trading.event_loop_lag")


async def _measure_lag(loop: asyncio.AbstractEventLoop, interval: float) -> None:
    from asyncio import sleep  # noqa: PLC0415

    lag = metrics.event_loop_lag.bind()
    while True:
        due = loop.time() + interval
        await sleep(interval)
        # The loop runs timers early by up to its clock's resolution, which is not a negative lag.
        lag.record(max(0.0, loop.time() - due))


def watch_process(meter_provider: MeterProvider) -> None:
    """Export the CPU time and the resident memory of this process, and of each process forked from it.

    Args:
        meter_provider: Its readers call the callbacks at each collection.
    """
    meter = meter_provider.get_meter(recording.SCOPE_OF_PROCESS)
    cpu, memory = metrics.process_cpu_time.definition, metrics.process_memory_usage.definition
    meter.create_observable_counter(cpu.name, [_cpu_time], cpu.unit, cpu.description)
    meter.create_observable_up_down_counter(memory.name, [_memory], memory.unit, memory.description)


def _cpu_time(options: CallbackOptions) -> Iterator[Observation]:  # noqa: ARG001 - the signature of a callback
    key = metrics.process_cpu_time.definition.labels[0].key
    times = _process(os.getpid()).cpu_times()
    yield Observation(times.user, {key: "user"})
    yield Observation(times.system, {key: "system"})


def _memory(options: CallbackOptions) -> Iterator[Observation]:  # noqa: ARG001
    yield Observation(_process(os.getpid()).memory_info().rss)


@lru_cache(maxsize=1)
def _process(pid: int) -> psutil.Process:
    import psutil  # noqa: PLC0415 - needed at the first collection, not at start-up

    return psutil.Process(pid)


recording.on_attach(watch_process)
