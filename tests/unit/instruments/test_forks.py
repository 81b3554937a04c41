"""A forked child can use an instrument although a thread of its parent held the instrument's lock."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import pytest

from otel_trading._forking import renewed_lock
from otel_trading.instruments import KillSwitch, Portfolio, RiskGate, Venue, status

pytestmark = [
    pytest.mark.fault(48),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
    pytest.mark.skipif(sys.platform == "win32", reason="needs fork"),
]


@contextmanager
def held_by_a_thread(*locks: Any):
    ready, done = Event(), Event()

    def hold() -> None:
        for lock in locks:
            lock.acquire()
        ready.set()
        done.wait(60)
        for lock in locks:
            lock.release()

    thread = Thread(target=hold)
    thread.start()
    ready.wait(60)
    yield
    done.set()
    thread.join()


def exit_code_of_child(work: Callable[[], bool]) -> int:
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(10)
        os._exit(0 if work() else 1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_kill_switch_trips_in_the_child():
    switch = KillSwitch(strategy="mm")

    def trip() -> bool:
        switch.trip("loss")
        return switch.tripped

    with held_by_a_thread(switch._lock, switch._status._lock):
        assert exit_code_of_child(trip) == 0
    assert not switch.tripped


def test_a_portfolio_records_positions_in_the_child():
    portfolio = Portfolio("main")

    def state() -> bool:
        portfolio.position("mm", "IBM", quantity=1, market_price=2, average_price=2)
        return "mm" in portfolio._positions

    with held_by_a_thread(portfolio._lock):
        assert exit_code_of_child(state) == 0


def test_a_gate_records_limits_in_the_child():
    gate = RiskGate()

    def state() -> bool:
        gate.limit("position", used=2, limit=1)
        return bool(gate._breached)

    with held_by_a_thread(gate._lock):
        assert exit_code_of_child(state) == 0


def test_an_instrument_can_be_built_in_the_child():
    with held_by_a_thread(status._lock):
        assert exit_code_of_child(lambda: bool(Venue("XNAS", address="api.example"))) == 0


def test_a_lock_of_the_forking_thread_stays_locked_by_it_in_the_child():
    lock = renewed_lock()

    def release() -> bool:
        lock.release()
        return not lock._is_owned()

    with lock:
        assert exit_code_of_child(release) == 0
