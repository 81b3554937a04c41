"""Deadlines: run several blocking calls at once, and stop waiting for them when their time is over."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Condition, Thread

from otel_trading._guard import guard

Job = Callable[[float], bool]
"""Takes a deadline, on the clock of `time.monotonic`; returns whether it succeeded by then."""


def after(seconds: float) -> float:
    """Return the deadline that is `seconds` from now."""
    return time.monotonic() + seconds


def left(deadline: float) -> float:
    """Return the seconds until the deadline, 0 if it has passed."""
    return max(0.0, deadline - time.monotonic())


def together(jobs: Sequence[Job], deadline: float) -> bool:
    """Run jobs at the same time, each on a thread of its own.

    Args:
        jobs: Calls that may block for ever.
        deadline: When to stop waiting for them.

    Returns:
        Whether every job succeeded by then.
    """
    threads: list[StandbyThread] = []
    with suppress(RuntimeError):  # the interpreter exits, or the process has too many threads
        threads.extend(map(StandbyThread, jobs))
    for thread in threads:
        thread.begin(deadline)
    done = [thread.finish() for thread in threads]
    return all(done) and len(done) == len(jobs)


class StandbyThread:
    """A daemon thread that waits to run one job, so that the caller can stop waiting for the job.

    The thread starts with this object: since Python 3.12 no thread can start while the interpreter exits
    (https://github.com/python/cpython/issues/104690).

    Args:
        job: The call to run.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._prepare()

    def _prepare(self) -> None:
        self._pid = os.getpid()
        self._deadline: float | None = None
        self._ended = self._succeeded = False
        # The lock is reentrant: a signal handler may begin or finish the job while its thread owns the lock.
        self._changed = Condition()
        Thread(target=self._run, name="otel-trading-standby", daemon=True).start()

    def _run(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._deadline is not None)
        with guard("flush or shutdown"):
            self._succeeded = self._job(self._deadline or 0.0)
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def begin(self, deadline: float) -> None:
        """Run the job now, unless an earlier call began it.

        Args:
            deadline: Passed to the job, on the clock of `time.monotonic`.
        """
        if self._ended:
            return
        if self._pid != os.getpid():  # threads do not survive a fork
            try:
                self._prepare()
            except RuntimeError:  # no thread can be started, so this one runs the job
                self._deadline = deadline
                self._run()
        with self._changed:
            if self._deadline is None:
                self._deadline = deadline
            self._changed.notify_all()

    def finish(self, deadline: float | None = None) -> bool:
        """Wait for the job.

        Args:
            deadline: When to stop waiting; the deadline of the job if None.

        Returns:
            Whether the job succeeded by then.
        """
        until = self._deadline if deadline is None else deadline
        if self._ended:
            return self._succeeded
        with self._changed:
            return self._changed.wait_for(lambda: self._ended, left(until or 0.0)) and self._succeeded
