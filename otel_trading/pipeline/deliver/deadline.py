"""The deadline: several blocking calls at once, and nobody waits for them longer than said."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Condition, Thread

from otel_trading._guard import guard

Job = Callable[[float], bool]
"""Takes the deadline, on the clock of `time.monotonic`; returns whether it did all it should."""


def after(seconds: float) -> float:
    """Return the deadline that is `seconds` from now."""
    return time.monotonic() + seconds


def left(deadline: float) -> float:
    """Return the seconds until the deadline, 0 if it has passed."""
    return max(0.0, deadline - time.monotonic())


def together(jobs: Sequence[Job], deadline: float) -> bool:
    """Run the jobs at the same time, each on a thread of its own.

    Args:
        jobs: Calls that may block for ever.
        deadline: When to stop waiting for them.

    Returns:
        Whether every one succeeded by then.
    """
    asides: list[Aside] = []
    with suppress(RuntimeError):  # no thread is started where the interpreter exits, or has too many
        asides.extend(map(Aside, jobs))
    for aside in asides:
        aside.begin(deadline)
    done = [aside.finish() for aside in asides]
    return all(done) and len(done) == len(jobs)


class Aside:
    """A parked daemon thread that runs one job when told, so that whoever waits can stop waiting.

    It is started when it is made: since Python 3.12 no thread can be started while the interpreter exits.

    Args:
        job: What to run.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._prepare()

    def _prepare(self) -> None:
        self._pid = os.getpid()
        self._deadline: float | None = None
        self._ended = self._done = False
        self._changed = Condition()  # over a lock that a signal's handler may take while its thread has it
        Thread(target=self._run, name="otel-trading-aside", daemon=True).start()

    def _run(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._deadline is not None)
        with guard("flush or shutdown"):
            self._done = self._job(self._deadline or 0.0)
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def begin(self, deadline: float) -> None:
        """Run the job now, if nobody has begun it; it gets the deadline and may look at it."""
        if self._ended:
            return
        if self._pid != os.getpid():  # threads do not survive a fork
            try:
                self._prepare()
            except RuntimeError:  # there is no other: whoever waits does it
                self._deadline = deadline
                self._run()
        with self._changed:
            if self._deadline is None:
                self._deadline = deadline
            self._changed.notify_all()

    def finish(self, deadline: float | None = None) -> bool:
        """Wait until the job is done; return whether it succeeded.

        Args:
            deadline: Until when to wait; the job's own if None.
        """
        until = self._deadline if deadline is None else deadline
        if self._ended:
            return self._done
        with self._changed:
            return self._changed.wait_for(lambda: self._ended, left(until or 0.0)) and self._done
