"""The process: its heartbeat, clock, event loop, CPU time and memory."""

from __future__ import annotations

import asyncio
import os
import time

import pytest
from hypothesis import given

from otel_trading import _losses
from otel_trading.errors import LabelError
from otel_trading.instruments import clock_offset, heartbeat, monitor_event_loop
from tests.support.seen import Seen
from tests.support.strategies import not_numbers, not_words


def test_a_heartbeat_records_the_current_time(seen):
    before = time.time()
    heartbeat()
    (stamp,) = seen.values("trading.service.heartbeat.timestamp")
    assert before <= stamp <= time.time()


def test_a_clock_that_is_behind_has_a_negative_offset(seen):
    clock_offset(-0.002, "ptp")
    assert seen.values("trading.clock.offset", source="ptp") == [-0.002]


@given(number=not_numbers, word=not_words)
def test_an_offset_that_is_not_a_number_is_counted_as_invalid(number, word):
    seen = Seen()
    clock_offset(number, word)
    assert seen.values("trading.clock.offset") == []
    assert _losses.snapshot()["metrics"]["invalid_value"] >= 1


async def until(condition) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.001)


async def test_the_lag_of_the_event_loop_is_measured_until_it_is_cancelled(seen):
    task = monitor_event_loop(interval=0.001)
    await until(lambda: seen.total("trading.event_loop.lag") >= 3)
    (point,) = seen.points("trading.event_loop.lag")
    assert point.min >= 0
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_blocked_event_loop_has_a_long_lag(seen):
    task = monitor_event_loop(interval=0.001)
    await asyncio.sleep(0)
    time.sleep(0.05)  # blocks the loop, which the monitor must measure
    await until(lambda: seen.total("trading.event_loop.lag") >= 1)
    task.cancel()
    (point,) = seen.points("trading.event_loop.lag")
    assert point.max >= 0.04


@pytest.mark.parametrize("interval", [0, -1, float("nan"), float("inf"), None, "x", True])
def test_an_interval_must_be_above_zero(interval):
    with pytest.raises(LabelError, match="monitor_event_loop, interval, takes a finite number above 0, not "):
        monitor_event_loop(interval)


def test_a_monitor_needs_a_running_loop():
    with pytest.raises(RuntimeError, match="no running event loop"):
        monitor_event_loop()


def test_cpu_time_and_memory_have_the_names_and_labels_of_the_convention(seen):
    cpu = {p.attributes["cpu.mode"]: p.value for p in seen.points("process.cpu.time")}
    assert sorted(cpu) == ["system", "user"]
    assert all(seconds >= 0 for seconds in cpu.values())
    (memory,) = seen.values("process.memory.usage")
    assert memory > 1_000_000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_reports_its_own_cpu_time(seen):
    seen.points("process.cpu.time")
    deadline = time.process_time() + 0.2
    while time.process_time() < deadline:
        pass
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.write(writer, str(sum(seen.values("process.cpu.time"))).encode())
        os._exit(0)
    os.wait()
    child = float(os.read(reader, 100))
    os.close(reader)
    os.close(writer)
    assert child < sum(seen.values("process.cpu.time"))
