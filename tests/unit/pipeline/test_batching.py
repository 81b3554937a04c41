"""The batch queue: what was put is exported, or lost and counted; nobody waits longer than asked for."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry._logs import LogRecord
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from otel_trading import _losses
from otel_trading.pipeline.batching import BatchedLogs, BatchedSpans, BatchQueue
from otel_trading.pipeline.deadline import after


class Exporter:
    """Takes batches; can be made to refuse them, or to hang until it is stopped."""

    def __init__(self, *, answer: bool = True) -> None:
        self.batches: list[list[object]] = []
        self.answer = answer
        self.entered, self.released, self.stopped = Event(), Event(), 0
        self.released.set()

    def export(self, batch: Sequence[object]) -> bool:
        self.batches.append(list(batch))
        self.entered.set()
        self.released.wait()
        return self.answer

    def stop(self) -> None:
        self.stopped += 1
        self.answer = False
        self.released.set()

    @property
    def items(self) -> list[object]:
        return [item for batch in self.batches for item in batch]


def queue_to(
    exporter: Exporter, *, size: int = 100, batch: int = 10, delay: float = 60.0
) -> BatchQueue[object]:
    return BatchQueue("traces", exporter.export, exporter.stop, size=size, batch=batch, delay=delay)


def test_a_flush_exports_in_order_and_in_batches() -> None:
    exporter = Exporter()
    queue = queue_to(exporter)
    for item in range(25):
        queue.put(item)
    assert queue.flush(after(30))
    assert exporter.items == list(range(25))
    assert max(len(batch) for batch in exporter.batches) <= 10
    assert queue.close(after(30))


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
    assert _losses.snapshot() == {"traces": {"shutdown_timeout": 1}}
    queue.close(after(30))
    assert exporter.stopped == 1


def test_what_comes_after_the_close_is_counted() -> None:
    queue = queue_to(Exporter())
    queue.close(after(30))
    queue.put(1)
    assert _losses.snapshot() == {"traces": {"already_shutdown": 1}}


@given(st.lists(st.integers(1, 30), max_size=6), st.integers(1, 8))
def test_every_item_is_delivered_or_counted(bursts: list[int], size: int) -> None:
    _losses.reset()
    exporter = Exporter()
    queue = queue_to(exporter, size=size, batch=min(size, 3))
    for burst in bursts:
        for item in range(burst):
            queue.put(item)
        queue.flush(after(30))
    queue.close(after(30))
    assert len(exporter.items) + _losses.snapshot().get("traces", {}).get("queue_full", 0) == sum(bursts)


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

    def export(batch: Sequence[object]) -> bool:
        from opentelemetry.instrumentation.utils import is_instrumentation_enabled

        seen.append(is_instrumentation_enabled())
        logging.getLogger("opentelemetry.exporter.test").debug("hidden")
        return bool(batch)

    queue: BatchQueue[object] = BatchQueue("traces", export, lambda: None, size=1, batch=1, delay=60)
    queue.put(1)
    assert queue.close(after(30))
    assert seen == [False]
