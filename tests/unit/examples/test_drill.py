"""The faults of a drill have a real effect, end on command, and affect only the service they are sent to."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable

import psutil
import pytest
import zmq
import zmq.asyncio
from trading_system.drill import MOST_MEGABYTES, Drill, Leader

PATIENCE = 20.0
MEGABYTE = 1024 * 1024


@pytest.fixture
def drill() -> Drill:
    return Drill()


def execute(drill: Drill, do: str, **given: object) -> None:
    drill.execute(json.dumps({"do": do, **given}).encode())


def resident() -> int:
    return psutil.Process().memory_info().rss


def wait_until(condition: Callable[[], bool]) -> bool:
    pause, deadline = threading.Event(), time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < deadline:
        pause.wait(0.01)
    return condition()


def test_allocated_memory_is_resident_and_is_released(drill):
    before = resident()
    execute(drill, "grow", megabytes=64)
    execute(drill, "grow", megabytes=64)
    assert resident() - before > 120 * MEGABYTE
    execute(drill, "shrink")
    assert resident() - before < 40 * MEGABYTE


def test_spinning_uses_cpu_time_and_lets_other_threads_run(drill):
    def used() -> float:
        return sum(psutil.Process().cpu_times()[:2])

    before, turns = used(), 0
    execute(drill, "spin")
    execute(drill, "spin")
    try:
        assert [thread.name for thread in threading.enumerate()].count("drill") == 1
        while used() - before < 0.3:
            turns += 1
    finally:
        execute(drill, "rest")
    assert turns > 100
    assert "drill" not in [thread.name for thread in threading.enumerate()]


def test_rest_without_spin_changes_nothing(drill):
    execute(drill, "rest")
    assert "drill" not in [thread.name for thread in threading.enumerate()]


async def test_hang_blocks_the_event_loop_for_its_seconds(drill):
    loop = asyncio.get_running_loop()
    begin, ticked = loop.time(), asyncio.create_task(asyncio.sleep(0.01))
    execute(drill, "hang", seconds=0.1)
    assert not ticked.done()
    await ticked
    assert loop.time() - begin >= 0.1


@pytest.mark.parametrize(
    "message",
    [
        b"noise",
        b"[]",
        b"{}",
        b'{"do": "explode"}',
        b'{"do": ["spin"]}',
        b'{"do": "shrink", "megabytes": 1}',
        b'{"do": "grow"}',
        b'{"do": "grow", "megabytes": 0}',
        b'{"do": "grow", "megabytes": "many"}',
        b'{"do": "grow", "megabytes": %d}' % (MOST_MEGABYTES + 1),
        b'{"do": "hang", "seconds": -1}',
        b'{"do": "hang", "seconds": NaN}',
        b'{"do": "hang", "seconds": 61}',
    ],
)
def test_an_invalid_command_is_logged_and_changes_nothing(drill, caplog, message):
    before = resident()
    drill.execute(message)
    assert caplog.records[-1].message.startswith(
        f"not a command: {message!r}; the commands are grow, shrink, "
    )
    assert resident() - before < 40 * MEGABYTE


def test_a_service_can_add_its_own_commands(drill, caplog):
    reported: list[object] = []
    drill.offer(note=lambda **given: reported.append(given))
    execute(drill, "note", name="position", value=100)
    assert reported == [{"name": "position", "value": 100}]
    assert caplog.records[-1].message == 'drill: {"do": "note", "name": "position", "value": 100}'


async def test_a_leader_sees_the_listening_services_and_reaches_only_the_addressed_one(drill, tmp_path):
    heard: asyncio.Queue[str] = asyncio.Queue()
    drill.offer(note=heard.put_nowait)
    with Leader(f"ipc://{tmp_path}/drill") as leader, zmq.asyncio.Context() as context:
        assert not leader.wait_for("risk-manager", seconds=0)
        socket = context.socket(zmq.SUB)
        socket.linger = 0
        socket.connect(leader.url)
        socket.subscribe(b"risk-manager")
        assert await asyncio.to_thread(leader.wait_for, "risk-manager", seconds=PATIENCE)
        listening = asyncio.create_task(drill.listen(socket))
        leader.send("market-data", "note", item="not for us")
        leader.send("risk-manager", "note", item="for us")
        assert await asyncio.wait_for(heard.get(), PATIENCE) == "for us"
        listening.cancel()
        socket.close()
