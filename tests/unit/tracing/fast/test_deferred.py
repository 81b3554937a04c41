"""A deferred span reaches the processors later, in order, and is delivered or counted as lost."""

from __future__ import annotations

import os
import threading
import time
from unittest import mock

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from otel_trading import _losses, tracing
from otel_trading.pipeline.deliver.account import DEFERRED_QUEUE_FULL
from otel_trading.tracing import span, traced
from otel_trading.tracing.fast import deferred
from otel_trading.tracing.provider import CURRENT


class Recorder(SpanProcessor):
    """Stores names and threads of the spans that end; a test blocks it through `open`."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.threads: set[str] = set()
        self.some = threading.Event()
        self.open = threading.Event()
        self.open.set()

    def on_end(self, span: ReadableSpan) -> None:
        self.some.set()
        self.open.wait()
        self.names.append(span.name)
        self.threads.add(threading.current_thread().name)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def provider(recorder):
    provider = TracerProvider(resource=Resource({}), shutdown_on_exit=False)
    provider.add_span_processor(recorder)
    tracing.attach(provider, "test", defer=True)
    yield provider
    recorder.open.set()


def end(*names: str) -> None:
    for name in names:
        with span(name):
            pass


def test_a_thread_delivers_ended_spans_without_a_flush(provider, recorder):
    end("a")
    assert recorder.some.wait(10)
    assert tracing.flush(10)
    assert recorder.threads <= {"otel-trading-span-ends", threading.current_thread().name}


def test_spans_are_delivered_after_an_idle_time(provider, recorder):
    for _ in range(3):
        ends = CURRENT.ends
        waited = time.monotonic() + 10
        while not ends._asleep:  # the thread sleeps when no span waits
            assert time.monotonic() < waited
            threading.Event().wait(0.001)
        recorder.some.clear()
        end("a")
        assert recorder.some.wait(10)


def test_the_order_of_ends_is_kept(provider, recorder):
    names = [str(i) for i in range(2_000)]
    end(*names)
    assert tracing.flush(10)
    assert recorder.names == names


@pytest.mark.parametrize("how", ["flush", "force_flush", "shutdown", "detach"])
def test_every_flush_and_shutdown_delivers_the_waiting_spans(provider, recorder, how):
    end("a", "b")
    {
        "flush": lambda: tracing.flush(10),
        "force_flush": provider.force_flush,
        "shutdown": provider.shutdown,
        "detach": tracing.detach,
    }[how]()
    assert recorder.names == ["a", "b"]


def test_a_flush_of_the_provider_comes_before_the_flush_of_its_processors():
    at_flush: list[list[str]] = []

    class Flushed(Recorder):
        def force_flush(self, timeout_millis: int = 30_000) -> bool:
            at_flush.append(list(self.names))
            return True

    provider = TracerProvider(resource=Resource({}), shutdown_on_exit=False)
    provider.add_span_processor(Flushed())
    tracing.attach(provider, "test", defer=True)
    end("a", "b")
    assert provider.force_flush()
    assert at_flush == [["a", "b"]]


def test_a_span_that_ends_after_the_shutdown_is_delivered_at_once(provider, recorder):
    with span("late"):
        provider.shutdown()
    assert recorder.names == ["late"]


def test_a_flush_gives_up_at_its_deadline(provider, recorder):
    recorder.open.clear()
    end("a")
    assert recorder.some.wait(10)  # the delivering thread is blocked in the processor now
    assert not tracing.flush(0.01)
    recorder.open.set()
    assert tracing.flush(10)


def test_the_oldest_spans_are_dropped_and_counted_where_the_processors_are_too_slow(recorder, monkeypatch):
    monkeypatch.setattr(deferred.DeferredEnds.__init__, "__defaults__", (4,))
    provider = TracerProvider(resource=Resource({}), shutdown_on_exit=False)
    provider.add_span_processor(recorder)
    tracing.attach(provider, "test", defer=True)
    recorder.open.clear()
    end("held")
    assert recorder.some.wait(10)
    end(*"abcdefg")
    recorder.open.set()
    assert tracing.flush(10)
    assert recorder.names == ["held", *"defg"]
    assert _losses.snapshot() == {"traces": {"deferred_queue_full": 3}}


def test_spans_that_a_shutdown_could_not_deliver_are_counted_for_the_account_of_the_route(
    provider, recorder, monkeypatch
):
    monkeypatch.setattr(deferred, "_CLOSING_S", 0.01)
    recorder.open.clear()
    end("held")
    assert recorder.some.wait(10)  # the delivering thread is blocked in the processor now
    end(*"abc")
    provider.shutdown()
    assert _losses.snapshot() == {"traces": {DEFERRED_QUEUE_FULL: 3}}
    end("late")
    assert _losses.snapshot() == {"traces": {DEFERRED_QUEUE_FULL: 4}}
    recorder.open.set()


class Waiting:
    """A span that ended."""

    def __init__(self) -> None:
        self.delivered = False

    def deliver(self, _: object) -> None:
        self.delivered = True


@pytest.fixture
def ends(monkeypatch) -> deferred.DeferredEnds:
    monkeypatch.setattr(deferred, "Thread", mock.Mock())  # so that only the test delivers
    return deferred.DeferredEnds()


def test_a_flush_that_runs_out_of_time_leaves_the_rest_to_the_thread(ends):
    spans = [Waiting() for _ in range(1_000)]
    for one in spans:
        ends.put(one)
    assert not ends.force_flush(0)
    assert 0 < sum(one.delivered for one in spans) < 1_000
    assert ends.force_flush(10_000)
    assert all(one.delivered for one in spans)


@pytest.mark.parametrize(("step", "looks"), [("_wake", 1), ("_sleep", 1), ("_sleep", 2)])
def test_a_late_span_is_delivered_wherever_a_shutdown_interrupts_the_queue(ends, step, looks):
    look, left = ends._closing.is_set, [looks]

    def shut_down_after_a_look() -> bool:
        closing = look()
        left[0] -= 1
        if left[0] == 0:
            ends.shutdown()
        return closing

    ends._woken.wait = lambda: True
    ends._closing.is_set = shut_down_after_a_look
    getattr(ends, step)()
    late = Waiting()
    ends.put(late)
    assert (late.delivered, left[0] <= 0) == (True, True)


def test_a_processor_that_raises_for_one_span_gets_the_others(provider, recorder, guarded, monkeypatch):
    original = recorder.on_end

    def fail(one: ReadableSpan) -> None:
        if one.name == "bad":
            raise RuntimeError("a defect of the processor")
        original(one)

    monkeypatch.setattr(recorder, "on_end", fail)
    end("a", "bad", "b")
    assert tracing.flush(10)
    assert recorder.names == ["a", "b"]
    assert _losses.snapshot() == {"sdk": {"internal_error": 1}}


def test_no_span_is_lost_where_many_threads_end_spans(provider, recorder):
    @traced("call")
    def call() -> None:
        pass

    def work() -> None:
        for _ in range(500):
            call()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tracing.flush(30)
    assert recorder.names == ["call"] * 2_000
    assert _losses.snapshot() == {}


def test_a_deferred_span_has_the_time_of_its_end_and_not_of_its_delivery(recorder):
    exported = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({}), shutdown_on_exit=False)
    provider.add_span_processor(recorder)
    provider.add_span_processor(SimpleSpanProcessor(exported))
    tracing.attach(provider, "test", defer=True)
    recorder.open.clear()
    end("a")
    ended = time.time_ns()
    recorder.open.set()
    assert tracing.flush(10)
    assert exported.get_finished_spans()[0].end_time <= ended


def test_a_detach_restores_the_processors_of_the_provider(provider, recorder):
    tracing.detach()
    assert provider._active_span_processor._span_processors == (recorder,)


def test_without_deferral_no_span_waits():
    tracing.attach(TracerProvider(resource=Resource({}), shutdown_on_exit=False), "test")
    assert CURRENT.ends is None
    assert tracing.flush(0)


def test_the_ids_read_from_a_deferred_span_are_those_that_are_exported():
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({}), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.attach(provider, "test", defer=True)
    with span("read") as opened:
        seen = opened.get_span_context()
        with span("inside"):
            pass
    end("not read")
    assert tracing.flush(10)
    ended = {one.name: one for one in exporter.get_finished_spans()}
    assert ended["read"].context == seen
    assert ended["inside"].parent == seen
    assert ended["not read"].context.is_valid
    assert ended["not read"].context.trace_id != seen.trace_id


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.usefixtures("provider")
def test_parent_and_child_of_a_fork_read_the_same_ids_from_the_current_span():
    reading, writing = os.pipe()
    with span("s") as opened:
        child = os.fork()
        if child == 0:
            os.write(writing, repr(opened.get_span_context()).encode())
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    assert os.read(reading, 4096).decode() == repr(opened.get_span_context())
    os.close(reading)
