"""Deadlines: a wait for blocking calls ends at its deadline."""

from __future__ import annotations

import os
import signal
import sys
from threading import Event, Thread

import pytest

from otel_trading.pipeline.deliver.deadline import StandbyThread, after, left, together


def test_time_left_is_never_negative() -> None:
    assert left(after(-5)) == 0.0
    assert 0 < left(after(60)) <= 60


def test_together_is_true_when_every_job_succeeds() -> None:
    assert together([], after(30))
    assert together([lambda _: True, lambda _: True], after(30))
    assert not together([lambda _: True, lambda _: False], after(30))


def test_together_is_false_when_a_job_is_too_slow() -> None:
    never = Event()
    assert not together([lambda _: never.wait()], after(0.01))
    never.set()


def test_a_job_gets_the_deadline() -> None:
    deadline, seen = after(30), []
    assert together([lambda given: not seen.append(given)], deadline)  # type: ignore[func-returns-value]
    assert seen == [deadline]


def _refuse(_: object) -> None:
    raise RuntimeError("can't create new thread at interpreter shutdown")


def test_together_is_false_when_no_thread_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("threading.Thread.start", _refuse)
    assert not together([lambda _: True], after(30))


@pytest.mark.fault(44)
def test_when_threads_run_out_the_jobs_with_a_thread_run_and_no_thread_is_left_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, started, ran = Thread.start, [], []

    def one_only(thread: Thread) -> None:
        if started:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        real(thread)

    monkeypatch.setattr("threading.Thread.start", one_only)
    assert not together([lambda _: not ran.append(None), lambda _: True], after(30))  # type: ignore[func-returns-value]
    started[0].join(30)
    assert (len(ran), started[0].is_alive()) == (1, False)


@pytest.mark.fault(44, 48)
def test_a_forked_child_that_cannot_start_a_thread_runs_the_job_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    thread = StandbyThread(lambda _: True)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    monkeypatch.setattr("threading.Thread.start", _refuse)
    thread.begin(after(30))
    assert thread.finish()


@pytest.mark.fault(45, 50)
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_signal_handler_that_interrupts_a_wait_can_begin_and_wait_too() -> None:
    finished, runs = [], []
    thread = StandbyThread(lambda _: not runs.append(None))  # type: ignore[func-returns-value]

    def handler(*_: object) -> None:
        thread.begin(after(30))
        finished.append(thread.finish())

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with thread._changed:  # as if the signal came in the middle of a call
            signal.raise_signal(signal.SIGUSR1)
        thread.begin(after(30))
        assert (thread.finish(), finished, len(runs)) == (True, [True], 1)
    finally:
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_can_run_the_job_too() -> None:
    thread = StandbyThread(lambda _: True)
    pid = os.fork()
    if pid == 0:
        thread.begin(after(30))
        os._exit(0 if thread.finish() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    thread.begin(after(30))
    assert thread.finish()
