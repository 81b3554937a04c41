"""Batch queue and worker: each item is delivered or counted as lost, and each wait ends at its deadline."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable, Sequence
from threading import Event, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry._logs import LogRecord
from opentelemetry.instrumentation.utils import is_instrumentation_enabled, suppress_instrumentation
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from otel_trading import _losses
from otel_trading.pipeline.collect.batch_worker import BatchWorker
from otel_trading.pipeline.collect.lanes import QueueBounds
from otel_trading.pipeline.collect.processors import BatchedLogs, BatchedSpans
from otel_trading.pipeline.deliver.account import ExportAccount
from otel_trading.pipeline.deliver.deadline import after
from otel_trading.pipeline.deliver.sender import Outcome


class Exporter:
    """Exports batches; can be made to refuse them, to request a retry, or to hang until it is stopped."""

    def __init__(self, *, answer: bool = True) -> None:
        self.batches: list[list[object]] = []
        self.answer = answer
        self.retry_after: float | None = None
        self.entered, self.released, self.stopped = Event(), Event(), 0
        self.released.set()

    def send(self, batch: Sequence[object], deadline: float) -> Outcome[object]:
        self.batches.append(list(batch))
        self.entered.set()
        self.released.wait()
        if self.retry_after is not None:
            return Outcome(retry=list(batch), pause=self.retry_after, reason="overloaded")
        if self.answer:
            return Outcome(delivered=len(batch))
        return Outcome(dropped=Counter(refused=len(batch)), reason="refused")

    def stop(self) -> None:
        self.stopped += 1
        self.answer = False
        self.released.set()

    @property
    def items(self) -> list[object]:
        return [item for batch in self.batches for item in batch]


def worker_for(
    exporter: Exporter, *, size: int = 100, batch: int = 10, delay: float = 60.0, size_bytes: int = 10**6
) -> BatchWorker[object]:
    bounds = QueueBounds(size, size_bytes, batch, delay, 60.0)
    return BatchWorker(
        ExportAccount("traces", "otlp"), lambda item: item, exporter.send, exporter.stop, bounds
    )


def counts(worker: BatchWorker[object]) -> tuple[int, int, dict[str, int], int]:
    """Return how many items were produced, delivered, dropped by reason, and are waiting."""
    health = worker.queue.account.health()
    return health.produced, health.delivered, health.dropped, health.waiting


def test_a_flush_exports_in_order_and_in_batches() -> None:
    exporter = Exporter()
    worker = worker_for(exporter)
    for item in range(25):
        worker.queue.put(item)
    assert worker.flush(after(30))
    assert exporter.items == list(range(25))
    assert max(len(batch) for batch in exporter.batches) <= 10
    assert worker.close(after(30))


@pytest.mark.fault(52)
def test_a_put_wakes_no_thread_while_the_worker_pauses_after_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A thread that each `put` wakes would compete with the next `put` for the lock."""
    exporter = Exporter()
    exporter.retry_after = 60.0
    worker = worker_for(exporter, batch=2)
    worker.queue.put(1)
    worker.queue.put(2)
    while worker.queue.account.health().last_error is None:
        exporter.entered.wait(0.01)
    woken: list[None] = []
    with worker.queue.changed:  # acquired: the worker has released it and waits for a minute
        monkeypatch.setattr(worker.queue.changed, "notify_all", lambda: woken.append(None))
    for item in range(10):
        worker.queue.put(item)
    assert woken == []
    monkeypatch.undo()
    worker.close(after(0))


def test_a_full_batch_does_not_wait_for_the_delay() -> None:
    exporter = Exporter()
    worker = worker_for(exporter, batch=2)
    worker.queue.put(1)
    worker.queue.put(2)
    assert exporter.entered.wait(30)
    assert worker.close(after(30))


def test_a_single_item_is_exported_after_the_delay() -> None:
    exporter = Exporter()
    worker = worker_for(exporter, delay=0.001)
    worker.queue.put(1)
    assert exporter.entered.wait(30)
    assert worker.close(after(30))


def test_a_full_queue_evicts_the_oldest_items_and_counts_them() -> None:
    exporter = Exporter()
    exporter.released.clear()
    worker = worker_for(exporter, size=3, batch=1)
    worker.queue.put("in flight")
    assert exporter.entered.wait(30)
    for item in range(5):
        worker.queue.put(item)
    exporter.released.set()
    assert worker.close(after(30))
    assert exporter.items == ["in flight", 2, 3, 4]
    assert _losses.snapshot() == {"traces": {"queue_full": 2}}


def test_a_flush_is_false_when_an_export_failed() -> None:
    exporter = Exporter(answer=False)
    worker = worker_for(exporter)
    worker.queue.put(1)
    assert not worker.flush(after(30))
    assert worker.flush(after(30))
    worker.close(after(30))


@pytest.mark.fault(51)
def test_a_flush_is_false_when_its_time_is_over() -> None:
    exporter = Exporter()
    exporter.released.clear()
    worker = worker_for(exporter)
    worker.queue.put(1)
    assert not worker.flush(after(0.01))
    worker.close(after(0))


def test_a_close_stops_an_exporter_that_hangs_and_counts_the_items_left() -> None:
    exporter = Exporter()
    exporter.released.clear()
    worker = worker_for(exporter, batch=1)
    worker.queue.put("in flight")
    assert exporter.entered.wait(30)
    worker.queue.put("left behind")
    assert not worker.close(after(0.01))
    assert exporter.stopped == 1
    assert _losses.snapshot() == {"traces": {"shutdown_timeout": 2}}
    worker.close(after(30))
    assert exporter.stopped == 1
    assert counts(worker) == (2, 0, {"shutdown_timeout": 2}, 0)


def test_items_to_be_retried_are_exported_again_in_their_order() -> None:
    exporter = Exporter()
    exporter.retry_after = 0.0
    worker = worker_for(exporter, batch=2)
    for item in range(3):
        worker.queue.put(item)
    assert not worker.flush(after(0.05))
    exporter.retry_after = None
    assert worker.flush(after(30))
    assert exporter.items[-3:] == [0, 1, 2]
    assert counts(worker) == (3, 3, {}, 0)
    worker.close(after(30))


def test_urgent_items_are_evicted_last() -> None:
    exporter = Exporter()
    exporter.released.clear()
    worker = worker_for(exporter, size=3, batch=1)
    worker.queue.put("in flight")
    assert exporter.entered.wait(30)
    for number in range(3):
        worker.queue.put(f"fill {number}", urgent=True)
    for number in range(3):
        worker.queue.put(f"chatter {number}")
    worker.queue.put("fill 3", urgent=True)
    exporter.released.set()
    assert worker.close(after(30)) is True
    assert exporter.items == ["in flight", "fill 1", "fill 2", "fill 3"]
    assert counts(worker) == (8, 4, {"queue_full": 4}, 0)


def test_the_bytes_of_waiting_items_are_bounded() -> None:
    exporter = Exporter()
    exporter.released.clear()
    worker = worker_for(exporter, size_bytes=1000, batch=1)
    worker.queue.put("in flight", 100)
    assert exporter.entered.wait(30)
    for number in range(10):
        worker.queue.put(number, 300)
    worker.queue.put("larger than all", 1001)
    exporter.released.set()
    assert worker.close(after(30))
    assert exporter.items == ["in flight", 7, 8, 9]
    assert counts(worker) == (12, 4, {"queue_full": 7, "too_large": 1}, 0)


def test_an_exporter_that_raises_system_exit_does_not_end_the_worker() -> None:
    exporter = Exporter()
    bounds = QueueBounds(10, 10**6, 1, 60.0, 60.0)
    account = ExportAccount("traces", "otlp")

    def send(batch: Sequence[object], deadline: float) -> Outcome[object]:
        if batch == ["bad"]:
            raise SystemExit(1)
        return exporter.send(batch, deadline)

    worker: BatchWorker[object] = BatchWorker(account, lambda item: item, send, exporter.stop, bounds)
    worker.queue.put("bad")
    assert not worker.flush(after(30))
    worker.queue.put("good")
    assert worker.close(after(30))
    assert (exporter.items, account.health().dropped) == (["good"], {"export_failed": 1})


def test_an_item_that_cannot_be_prepared_is_dropped_alone(caplog: pytest.LogCaptureFixture) -> None:
    exporter, account = Exporter(), ExportAccount("traces", "otlp")

    def prepare(item: object) -> object:
        return 10 // item  # type: ignore[operator]

    worker: BatchWorker[object] = BatchWorker(
        account, prepare, exporter.send, exporter.stop, QueueBounds(10, 10**6, 10, 60.0, 60.0)
    )
    for item in (1, 0, 2):
        worker.queue.put(item)
    assert not worker.close(after(30))
    assert exporter.items == [10, 5]
    assert account.health().dropped == {"unexportable": 1}
    assert caplog.messages == [
        "otel_trading: export of traces to otlp failed: ZeroDivisionError: integer division or modulo by zero "
        "(1 dropped, 0 to be retried)"
    ]


class Interrupted(ExportAccount):
    """An account that runs a signal handler in the middle of the queue's own work."""

    handler: Callable[[], object] | None = None

    @property
    def produced(self) -> int:
        """The count before the interruption, as the interrupted addition has read it."""
        count = self._produced
        handler, self.handler = self.handler, None
        if handler is not None:
            handler()
        return count

    @produced.setter
    def produced(self, count: int) -> None:
        self._produced = count


def interrupted_worker(exporter: Exporter, batch: int = 10) -> tuple[Interrupted, BatchWorker[object]]:
    account = Interrupted("logs", "otlp")
    bounds = QueueBounds(100, 10**6, batch, 60.0, 60.0)
    return account, BatchWorker(account, lambda item: item, exporter.send, exporter.stop, bounds)


def test_an_item_that_a_signal_handler_puts_during_a_put_is_exported_too() -> None:
    exporter = Exporter()
    account, worker = interrupted_worker(exporter, batch=1)
    account.handler = lambda: worker.queue.put("of the handler")
    worker.queue.put("interrupted")
    assert worker.close(after(30))
    assert exporter.items == ["interrupted", "of the handler"]
    assert account.health().produced == 2


def test_a_signal_handler_that_interrupted_the_queue_can_wait_for_a_flush_on_another_thread() -> None:
    exporter = Exporter()
    account, worker = interrupted_worker(exporter)
    closed: list[bool] = []

    def handler() -> None:
        with worker.queue.lock_released():
            closing = Thread(target=lambda: closed.append(worker.flush(after(30))))
            closing.start()
            closing.join(30)

    worker.queue.put("before")
    worker.queue.admit()
    account.handler = handler
    worker.queue.put("interrupted")
    worker.queue.admit()
    assert closed == [True]
    assert exporter.items == ["before"]
    assert worker.close(after(30))
    assert exporter.items == ["before", "interrupted"]


def test_a_put_does_not_wait_for_a_logging_handler_that_receives_the_warning_of_a_failed_export() -> None:
    exporter, warned, resume = Exporter(answer=False), Event(), Event()

    class Slow(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            warned.set()
            assert resume.wait(30)

    logger, slow = logging.getLogger("otel_trading"), Slow()
    logger.addHandler(slow)
    try:
        worker = worker_for(exporter, delay=0.01)
        worker.queue.put(1)
        assert warned.wait(30)
        putting = Thread(target=worker.queue.put, args=(2,))
        putting.start()
        putting.join(30)
        assert not putting.is_alive()
    finally:
        resume.set()
        logger.removeHandler(slow)
    worker.close(after(30))


def test_an_item_that_the_close_dropped_during_its_preparation_is_counted_once() -> None:
    entered, resume = Event(), Event()
    exporter, account = Exporter(), ExportAccount("traces", "otlp")

    def prepare(item: object) -> object:
        entered.set()
        assert resume.wait(30)
        raise SystemExit(item)

    bounds = QueueBounds(10, 10**6, 1, 0.0, 60.0)
    worker: BatchWorker[object] = BatchWorker(account, prepare, exporter.send, exporter.stop, bounds)
    worker.queue.put(1)
    assert entered.wait(30)
    thread = worker._thread
    assert thread is not None
    worker.close(after(0))
    resume.set()
    thread.join(30)
    health = account.health()
    assert (health.produced, health.dropped, health.waiting) == (1, {"shutdown_timeout": 1}, 0)


def test_a_worker_whose_thread_could_not_start_starts_it_at_the_next_put(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exporter = Exporter()
    with monkeypatch.context() as no_threads:
        no_threads.setattr("otel_trading.pipeline.collect.batch_worker.Thread.start", _no_thread)
        worker = worker_for(exporter)
    worker.queue.put(1)
    assert worker.close(after(30))
    assert exporter.items == [1]
    assert _losses.snapshot() == {"sdk": {"no_thread": 1}}


@pytest.mark.fault(44)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_died_is_replaced_and_its_batch_is_counted_as_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def settle(*_: object) -> None:
        raise MemoryError

    exporter = Exporter()
    worker = worker_for(exporter, batch=1)
    died = worker._thread
    assert died is not None
    with monkeypatch.context() as exhausted:
        exhausted.setattr(worker, "_settle", settle)
        worker.queue.put("taken")
        died.join(30)
    worker.queue.put("later")
    assert worker.close(after(30))
    assert exporter.items == ["taken", "later"]
    assert counts(worker) == (2, 1, {"internal_error": 1}, 0)
    assert _losses.snapshot()["sdk"] == {"thread_restarted": 1}


def _no_thread(_: object) -> None:
    raise RuntimeError("can't start new thread")


def test_an_item_put_after_the_close_is_counted() -> None:
    worker = worker_for(Exporter())
    worker.close(after(30))
    worker.queue.put(1)
    assert _losses.snapshot() == {"traces": {"already_shutdown": 1}}


@given(st.lists(st.tuples(st.integers(1, 30), st.booleans(), st.booleans()), max_size=6), st.integers(1, 8))
def test_every_item_is_delivered_or_counted(bursts: list[tuple[int, bool, bool]], size: int) -> None:
    exporter = Exporter()
    worker = worker_for(exporter, size=size, batch=min(size, 3))
    for burst, answers, urgent in bursts:
        exporter.answer = answers
        for item in range(burst):
            worker.queue.put(item, urgent=urgent)
        worker.flush(after(30))
    worker.close(after(30))
    produced, delivered, dropped, waiting = counts(worker)
    assert produced == sum(burst for burst, _, _ in bursts) == delivered + sum(dropped.values())
    assert (waiting, dropped.keys() <= {"queue_full", "refused"}) == (0, True)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_exports_its_own_items_only() -> None:
    exporter = Exporter()
    worker = worker_for(exporter)
    worker.queue.put("the parent's")
    pid = os.fork()
    if pid == 0:
        exporter.batches.clear()
        worker.queue.put("the child's")
        os._exit(0 if worker.flush(after(30)) and exporter.items == ["the child's"] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert worker.close(after(30))
    assert exporter.items == ["the parent's"]


def test_spans_are_queued_when_they_end_if_they_are_sampled() -> None:
    exporter = Exporter()
    processor = BatchedSpans(worker_for(exporter))  # type: ignore[arg-type]
    for sampler in (None, ALWAYS_OFF):
        provider = TracerProvider(sampler, Resource({}), shutdown_on_exit=False)
        provider.add_span_processor(processor)
        provider.get_tracer("t").start_span("s").end()
    assert provider.force_flush(30_000)
    provider.shutdown()
    assert len(exporter.items) == 1


def test_log_records_are_queued_without_their_context() -> None:
    exporter = Exporter()
    provider = LoggerProvider(Resource({}), shutdown_on_exit=False)
    provider.add_log_record_processor(BatchedLogs(worker_for(exporter)))  # type: ignore[arg-type]
    provider.get_logger("t").emit(LogRecord(body="filled"))
    assert provider.force_flush(30_000)
    provider.shutdown()
    (record,) = exporter.items
    assert (record.log_record.body, dict(record.log_record.context)) == ("filled", {})  # type: ignore[attr-defined]


def test_a_record_that_an_export_logs_is_not_exported() -> None:
    exporter = Exporter()
    provider = LoggerProvider(Resource({}), shutdown_on_exit=False)
    provider.add_log_record_processor(BatchedLogs(worker_for(exporter)))  # type: ignore[arg-type]
    with suppress_instrumentation():
        provider.get_logger("t").emit(LogRecord(body="export failed"))
    provider.shutdown()
    assert exporter.items == []


def test_an_export_runs_without_instrumentation() -> None:
    seen = []

    def send(batch: Sequence[object], deadline: float) -> Outcome[object]:
        seen.append(is_instrumentation_enabled())
        return Outcome(delivered=len(batch))

    worker: BatchWorker[object] = BatchWorker(
        ExportAccount("traces", "otlp"),
        lambda item: item,
        send,
        lambda: None,
        QueueBounds(1, 10**6, 1, 60.0, 60.0),
    )
    worker.queue.put(1)
    assert worker.close(after(30))
    assert seen == [False]
