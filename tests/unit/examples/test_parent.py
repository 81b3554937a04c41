"""A child notices that its parent has ended, even if the parent ended before the child could look."""

from __future__ import annotations

import asyncio
import os

from trading_system.parent import VARIABLE, named_parent, parent_gone


async def test_a_parent_that_ended_before_the_start_is_noticed():
    await asyncio.wait_for(parent_gone({VARIABLE: "1" if os.getppid() != 1 else "2"}), 20)


async def test_a_running_parent_is_waited_for():
    waiting = [asyncio.create_task(parent_gone(environ)) for environ in ({}, {VARIABLE: str(os.getppid())})]
    _, pending = await asyncio.wait(waiting, timeout=0.05)
    assert len(pending) == 2
    for task in waiting:
        task.cancel()


def test_the_environment_of_a_child_names_its_parent():
    assert named_parent({"A": "b"}) == {"A": "b", VARIABLE: str(os.getpid())}
