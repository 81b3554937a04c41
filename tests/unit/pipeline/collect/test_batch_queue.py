"""The batch queue: what was put is exported, or lost and counted; nobody waits longer than asked for."""

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
from otel_trading.pipeline.collect.batch_queue import BatchQueue
from otel_trading.pipeline.collect.lanes import QueueBounds
from otel_trading.pipeline.collect.processors import BatchedLogs, BatchedSpans
from otel_trading.pipeline.deliver.account import ExportAccount
from otel_trading.pipeline.deliver.deadline import after
from otel_trading.pipeline.deliver.sender import Outcome


class Exporter:
    """Takes batches; can be made to refuse them, to put them off, or to hang until it is stopped."""

    def __init__(self, *, answer: bool = True) -> None:
        self.batches: list[list[object]] = []
        self.answer = answer
        self.later: float | None = None
        self.entered, self.released, self.stopped = Event(), Event(), 0
        self.released.set()

    def send(self, batch: Sequence[object], deadline: float) -> Outcome[object]:
        self.batches.append(list(batch))
        self.entered.set()
        self.released.wait()
        if self.later is not None:
            return Outcome(again=list(batch), pause=self.later, why="put off")
        if self.answer:
            return Outcome(delivered=len(batch))
        return Outcome(dropped=Counter(refused=len(batch)), why="refused")

    def stop(self) -> None:
        self.stopped += 1
        self.answer = False
        self.released.set()

    @property
    def items(self) -> list[object]:
        return [item for batch in self.batches for item in batch]


def queue_to(
    exporter: Exporter, *, size: int = 100, batch: int = 10, delay: float = 60.0, size_bytes: int = 10**6
) -> BatchQueue[object]:
    bounds = QueueBounds(size, size_bytes, batch, delay, 60.0)
    route = ExportAccount("traces", "otlp")
    queue = BatchQueue(route, lambda item: item, exporter.send, exporter.stop, bounds)
    queue.route = route  # type: ignore[attr-defined]
    return queue


def account(queue: BatchQueue[object]) -> tuple[int, int, dict[str, int], int]:
    """Produced, delivered, dropped by reason, waiting."""
    health = queue.route.health()  # type: ignore[attr-defined]
    return health.produced, health.delivered, health.dropped, health.waiting


def test_a_flush_exports_in_order_and_in_batches() -> None:
    exporter = Exporter()
    queue = queue_to(exporter)
    for item in range(25):
        queue.put(item)
    assert queue.flush(after(30))
    assert exporter.items == list(range(25))
    assert max(len(batch) for batch in exporter.batches) <= 10
    assert queue.close(after(30))


@pytest.mark.fault(52)
def test_what_is_put_while_nobody_takes_anything_wakes_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that is woken at each `put` is one more that the next of them may have to wait for."""
    exporter = Exporter()
    exporter.later = 60.0
    queue = queue_to(exporter, batch=2)
    queue.put(1)
    queue.put(2)
    while queue.route.health().last_error is None:  # type: ignore[attr-defined]
        exporter.entered.wait(0.01)
    woken: list[None] = []
    with queue._changed:  # the worker has let go of it, and waits for a minute
        monkeypatch.setattr(queue._changed, "notify_all", lambda: woken.append(None))
    for item in range(10):
        queue.put(item)
    assert woken == []
    monkeypatch.undo()
    queue.close(after(0))


def test_a_full_batch_does_not_wait_for_the_delay() -> None:
    exporter = Exporter()
    queue = queue_to(exporter, batch=2)
    queue.put(1)
    queue.put(2)
    assert exporter.entered.wait(30)
    assert queue.close(after(30))


def test_an_item_alone_is_exported_after_the_delay() -> None:
    exporter = Exporter()
    queue = queue_to(exporter, delay=0.001)
    queue.put(1)
    assert exporter.entered.wait(30)
    assert queue.close(after(30))


def test_a_full_queue_lets_the_oldest_go_and_counts_them() -> None:
    exporter = Exporter()
    exporter.released.clear()
    queue = queue_to(exporter, size=3, batch=1)
    queue.put("in flight")
    assert exporter.entered.wait(30)
    for item in range(5):
        queue.put(item)
    exporter.released.set()
    assert queue.close(after(30))
    assert exporter.items == ["in flight", 2, 3, 4]
    assert _losses.snapshot() == {"traces": {"queue_full": 2}}


def test_a_flush_is_false_when_an_export_failed() -> None:
    exporter = Exporter(answer=False)
    queue = queue_to(exporter)
    queue.put(1)
    assert not queue.flush(after(30))
    assert queue.flush(after(30))
    queue.close(after(30))


@pytest.mark.fault(51)
def test_a_flush_is_false_when_its_time_is_over() -> None:
    exporter = Exporter()
    exporter.released.clear()
    queue = queue_to(exporter)
    queue.put(1)
    assert not queue.flush(after(0.01))
    queue.close(after(0))


def test_closing_stops_an_exporter_that_hangs_and_counts_what_is_left() -> None:
    exporter = Exporter()
    exporter.released.clear()
    queue = queue_to(exporter, batch=1)
    queue.put("in flight")
    assert exporter.entered.wait(30)
    queue.put("left behind")
    assert not queue.close(after(0.01))
    assert exporter.stopped == 1
    assert _losses.snapshot() == {"traces": {"shutdown_timeout": 2}}
    queue.close(after(30))
    assert exporter.stopped == 1
    assert account(queue) == (2, 0, {"shutdown_timeout": 2}, 0)


def test_what_is_put_off_is_sent_again_in_its_order() -> None:
    exporter = Exporter()
    exporter.later = 0.0
    queue = queue_to(exporter, batch=2)
    for item in range(3):
        queue.put(item)
    assert not queue.flush(after(0.05))
    exporter.later = None
    assert queue.flush(after(30))
    assert exporter.items[-3:] == [0, 1, 2]
    assert account(queue) == (3, 3, {}, 0)
    queue.close(after(30))


def test_what_is_urgent_gives_way_last() -> None:
    exporter = Exporter()
    exporter.released.clear()
    queue = queue_to(exporter, size=3, batch=1)
    queue.put("in flight")
    assert exporter.entered.wait(30)
    for number in range(3):
        queue.put(f"fill {number}", urgent=True)
    for number in range(3):
        queue.put(f"chatter {number}")
    queue.put("fill 3", urgent=True)
    exporter.released.set()
    assert queue.close(after(30)) is True
    assert exporter.items == ["in flight", "fill 1", "fill 2", "fill 3"]
    assert account(queue) == (8, 4, {"queue_full": 4}, 0)


def test_the_bytes_that_wait_are_bounded() -> None:
    exporter = Exporter()
    exporter.released.clear()
    queue = queue_to(exporter, size_bytes=1000, batch=1)
    queue.put("in flight", 100)
    assert exporter.entered.wait(30)
    for number in range(10):
        queue.put(number, 300)
    queue.put("larger than all", 1001)
    exporter.released.set()
    assert queue.close(after(30))
    assert exporter.items == ["in flight", 7, 8, 9]
    assert account(queue) == (12, 4, {"queue_full": 7, "too_large": 1}, 0)


def test_an_exporter_that_ends_its_thread_ends_nothing() -> None:
    exporter = Exporter()
    bounds = QueueBounds(10, 10**6, 1, 60.0, 60.0)
    route = ExportAccount("traces", "otlp")

    def send(batch: Sequence[object], deadline: float) -> Outcome[object]:
        if batch == ["bad"]:
            raise SystemExit(1)
        return exporter.send(batch, deadline)

    queue: BatchQueue[object] = BatchQueue(route, lambda item: item, send, exporter.stop, bounds)
    queue.put("bad")
    assert not queue.flush(after(30))
    queue.put("good")
    assert queue.close(after(30))
    assert (exporter.items, route.health().dropped) == (["good"], {"export_failed": 1})


def test_an_item_that_cannot_be_made_fit_is_lost_alone(caplog: pytest.LogCaptureFixture) -> None:
    exporter, route = Exporter(), ExportAccount("traces", "otlp")

    def prepare(item: object) -> object:
        return 10 // item  # type: ignore[operator]

    queue: BatchQueue[object] = BatchQueue(
        route, prepare, exporter.send, exporter.stop, QueueBounds(10, 10**6, 10, 60.0, 60.0)
    )
    for item in (1, 0, 2):
        queue.put(item)
    assert not queue.close(after(30))
    assert exporter.items == [10, 5]
    assert route.health().dropped == {"unexportable": 1}
    assert caplog.messages == [
        "otel_trading: traces to otlp: ZeroDivisionError: integer division or modulo by zero "
        "(1 dropped, 0 to be sent again)"
    ]


class Interrupted(ExportAccount):
    """An account at which a signal interrupts whoever books, in the midst of the queue's own work."""

    handler: Callable[[], object] | None = None

    @property
    def produced(self) -> int:
        """How many there were before the interruption, as who adds to it has read it."""
        count = self._produced
        handler, self.handler = self.handler, None
        if handler is not None:
            handler()
        return count

    @produced.setter
    def produced(self, count: int) -> None:
        self._produced = count


def interrupted_queue(exporter: Exporter, batch: int = 10) -> tuple[Interrupted, BatchQueue[object]]:
    route = Interrupted("logs", "otlp")
    bounds = QueueBounds(100, 10**6, batch, 60.0, 60.0)
    return route, BatchQueue(route, lambda item: item, exporter.send, exporter.stop, bounds)


def test_what_a_signals_handler_puts_while_its_thread_puts_is_exported_too() -> None:
    exporter = Exporter()
    route, queue = interrupted_queue(exporter, batch=1)
    route.handler = lambda: queue.put("of the handler")
    queue.put("interrupted")
    assert queue.close(after(30))
    assert exporter.items == ["interrupted", "of the handler"]
    assert route.health().produced == 2


def test_a_signals_handler_can_have_others_close_the_queue_that_it_interrupted() -> None:
    exporter = Exporter()
    route, queue = interrupted_queue(exporter)
    closed: list[bool] = []

    def handler() -> None:
        with queue.let_go():
            closing = Thread(target=lambda: closed.append(queue.flush(after(30))))
            closing.start()
            closing.join(30)

    queue.put("before")
    queue.admit()
    route.handler = handler
    queue.put("interrupted")
    queue.admit()
    assert closed == [True]
    assert exporter.items == ["before"]
    assert queue.close(after(30))
    assert exporter.items == ["before", "interrupted"]


def test_nobody_who_logs_waits_for_a_handler_that_hears_of_a_failed_export() -> None:
    exporter, hears, goes_on = Exporter(answer=False), Event(), Event()

    class Slow(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            hears.set()
            assert goes_on.wait(30)

    logger, slow = logging.getLogger("otel_trading"), Slow()
    logger.addHandler(slow)
    try:
        queue = queue_to(exporter, delay=0.01)
        queue.put(1)
        assert hears.wait(30)
        putting = Thread(target=queue.put, args=(2,))
        putting.start()
        putting.join(30)
        assert not putting.is_alive()
    finally:
        goes_on.set()
        logger.removeHandler(slow)
    queue.close(after(30))


def test_what_is_given_up_while_it_is_made_fit_is_counted_once() -> None:
    entered, goes_on = Event(), Event()
    exporter, route = Exporter(), ExportAccount("traces", "otlp")

    def prepare(item: object) -> object:
        entered.set()
        assert goes_on.wait(30)
        raise SystemExit(item)

    bounds = QueueBounds(10, 10**6, 1, 0.0, 60.0)
    queue: BatchQueue[object] = BatchQueue(route, prepare, exporter.send, exporter.stop, bounds)
    queue.put(1)
    assert entered.wait(30)
    worker = queue._worker
    assert worker is not None
    queue.close(after(0))
    goes_on.set()
    worker.join(30)
    health = route.health()
    assert (health.produced, health.dropped, health.waiting) == (1, {"shutdown_timeout": 1}, 0)


def test_a_queue_without_a_thread_gets_one_later(monkeypatch: pytest.MonkeyPatch) -> None:
    exporter = Exporter()
    with monkeypatch.context() as no_threads:
        no_threads.setattr("otel_trading.pipeline.collect.batch_queue.Thread.start", _no_thread)
        queue = queue_to(exporter)
    queue.put(1)
    assert queue.close(after(30))
    assert exporter.items == [1]
    assert _losses.snapshot() == {"sdk": {"no_thread": 1}}


@pytest.mark.fault(44)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_died_is_replaced_and_what_it_had_taken_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def settle(*_: object) -> None:
        raise MemoryError

    exporter = Exporter()
    queue = queue_to(exporter, batch=1)
    died = queue._worker
    assert died is not None
    with monkeypatch.context() as exhausted:
        exhausted.setattr(queue, "_settle", settle)
        queue.put("taken")
        died.join(30)
    queue.put("later")
    assert queue.close(after(30))
    assert exporter.items == ["taken", "later"]
    assert account(queue) == (2, 1, {"internal_error": 1}, 0)
    assert _losses.snapshot()["sdk"] == {"thread_restarted": 1}


def _no_thread(_: object) -> None:
    raise RuntimeError("can't start new thread")


def test_what_comes_after_the_close_is_counted() -> None:
    queue = queue_to(Exporter())
    queue.close(after(30))
    queue.put(1)
    assert _losses.snapshot() == {"traces": {"already_shutdown": 1}}


@given(st.lists(st.tuples(st.integers(1, 30), st.booleans(), st.booleans()), max_size=6), st.integers(1, 8))
def test_every_item_is_delivered_or_counted(bursts: list[tuple[int, bool, bool]], size: int) -> None:
    exporter = Exporter()
    queue = queue_to(exporter, size=size, batch=min(size, 3))
    for burst, answers, urgent in bursts:
        exporter.answer = answers
        for item in range(burst):
            queue.put(item, urgent=urgent)
        queue.flush(after(30))
    queue.close(after(30))
    produced, delivered, dropped, waiting = account(queue)
    assert produced == sum(burst for burst, _, _ in bursts) == delivered + sum(dropped.values())
    assert (waiting, dropped.keys() <= {"queue_full", "refused"}) == (0, True)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_exports_its_own_items_only() -> None:
    exporter = Exporter()
    queue = queue_to(exporter)
    queue.put("the parent's")
    pid = os.fork()
    if pid == 0:
        exporter.batches.clear()
        queue.put("the child's")
        os._exit(0 if queue.flush(after(30)) and exporter.items == ["the child's"] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert queue.close(after(30))
    assert exporter.items == ["the parent's"]


def test_spans_are_queued_when_they_end_if_they_are_sampled() -> None:
    exporter = Exporter()
    processor = BatchedSpans(queue_to(exporter))  # type: ignore[arg-type]
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
    provider.add_log_record_processor(BatchedLogs(queue_to(exporter)))  # type: ignore[arg-type]
    provider.get_logger("t").emit(LogRecord(body="filled"))
    assert provider.force_flush(30_000)
    provider.shutdown()
    (record,) = exporter.items
    assert (record.log_record.body, dict(record.log_record.context)) == ("filled", {})  # type: ignore[attr-defined]


def test_what_an_export_logs_is_not_exported() -> None:
    exporter = Exporter()
    provider = LoggerProvider(Resource({}), shutdown_on_exit=False)
    provider.add_log_record_processor(BatchedLogs(queue_to(exporter)))  # type: ignore[arg-type]
    with suppress_instrumentation():
        provider.get_logger("t").emit(LogRecord(body="export failed"))
    provider.shutdown()
    assert exporter.items == []


def test_an_export_runs_without_instrumentation() -> None:
    seen = []

    def send(batch: Sequence[object], deadline: float) -> Outcome[object]:
        seen.append(is_instrumentation_enabled())
        return Outcome(delivered=len(batch))

    queue: BatchQueue[object] = BatchQueue(
        ExportAccount("traces", "otlp"),
        lambda item: item,
        send,
        lambda: None,
        QueueBounds(1, 10**6, 1, 60.0, 60.0),
    )
    queue.put(1)
    assert queue.close(after(30))
    assert seen == [False]
