"""A deferred end reaches the processors later, in order, and is delivered or counted."""

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
from otel_trading.pipeline.deliver.account import AHEAD
from otel_trading.tracing import span, traced
from otel_trading.tracing.fast import deferred
from otel_trading.tracing.provider import CURRENT


class Noted(SpanProcessor):
    """Notes on which thread spans end, and lets a test hold them up."""

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
def noted() -> Noted:
    return Noted()


@pytest.fixture
def provider(noted):
    provider = TracerProvider(resource=Resource({}), shutdown_on_exit=False)
    provider.add_span_processor(noted)
    tracing.attach(provider, "test", defer=True)
    yield provider
    noted.open.set()


def end(*names: str) -> None:
    for name in names:
        with span(name):
            pass


def test_spans_end_on_a_thread_of_their_own_without_being_asked(provider, noted):
    end("a")
    assert noted.some.wait(10)
    assert tracing.flush(10)
    assert noted.threads <= {"otel-trading-span-ends", threading.current_thread().name}


def test_after_an_idle_time_spans_are_still_delivered(provider, noted):
    for _ in range(3):
        ends = CURRENT.ends
        waited = time.monotonic() + 10
        while not ends._asleep:  # the thread sleeps when there is nothing to do
            assert time.monotonic() < waited
            threading.Event().wait(0.001)
        noted.some.clear()
        end("a")
        assert noted.some.wait(10)


def test_the_order_of_ends_is_kept(provider, noted):
    names = [str(i) for i in range(2_000)]
    end(*names)
    assert tracing.flush(10)
    assert noted.names == names


@pytest.mark.parametrize("how", ["flush", "force_flush", "shutdown", "detach"])
def test_whatever_flushes_delivers_what_waits(provider, noted, how):
    end("a", "b")
    {
        "flush": lambda: tracing.flush(10),
        "force_flush": provider.force_flush,
        "shutdown": provider.shutdown,
        "detach": tracing.detach,
    }[how]()
    assert noted.names == ["a", "b"]


def test_a_flush_of_the_provider_comes_before_the_flush_of_its_processors():
    at_flush: list[list[str]] = []

    class Flushed(Noted):
        def force_flush(self, timeout_millis: int = 30_000) -> bool:
            at_flush.append(list(self.names))
            return True

    provider = TracerProvider(resource=Resource({}), shutdown_on_exit=False)
    provider.add_span_processor(Flushed())
    tracing.attach(provider, "test", defer=True)
    end("a", "b")
    assert provider.force_flush()
    assert at_flush == [["a", "b"]]


def test_a_span_that_ends_after_the_shutdown_is_delivered_at_once(provider, noted):
    with span("late"):
        provider.shutdown()
    assert noted.names == ["late"]


def test_a_flush_gives_up_at_its_deadline(provider, noted):
    noted.open.clear()
    end("a")
    assert noted.some.wait(10)  # the thread is held up with it
    assert not tracing.flush(0.01)
    noted.open.set()
    assert tracing.flush(10)


def test_the_oldest_give_way_where_the_processors_do_not_keep_up_and_are_counted(noted, monkeypatch):
    monkeypatch.setattr(deferred.DeferredEnds.__init__, "__defaults__", (4,))
    provider = TracerProvider(resource=Resource({}), shutdown_on_exit=False)
    provider.add_span_processor(noted)
    tracing.attach(provider, "test", defer=True)
    noted.open.clear()
    end("held")
    assert noted.some.wait(10)
    end(*"abcdefg")
    noted.open.set()
    assert tracing.flush(10)
    assert noted.names == ["held", *"defg"]
    assert _losses.snapshot() == {"traces": {"deferred_queue_full": 3}}


def test_what_a_shutdown_could_not_hand_on_is_counted_where_the_account_of_the_route_looks(
    provider, noted, monkeypatch
):
    monkeypatch.setattr(deferred, "_CLOSING_S", 0.01)
    noted.open.clear()
    end("held")
    assert noted.some.wait(10)  # the thread is held up with it
    end(*"abc")
    provider.shutdown()
    assert _losses.snapshot() == {"traces": {AHEAD: 3}}
    end("late")
    assert _losses.snapshot() == {"traces": {AHEAD: 4}}
    noted.open.set()


class Waiting:
    """A span that ended."""

    def __init__(self) -> None:
        self.delivered = False

    def deliver(self, _: object) -> None:
        self.delivered = True


@pytest.fixture
def ends(monkeypatch) -> deferred.DeferredEnds:
    monkeypatch.setattr(deferred, "Thread", mock.Mock())  # so that nobody else delivers
    return deferred.DeferredEnds()


def test_a_flush_whose_time_is_over_leaves_the_rest_to_the_thread(ends):
    spans = [Waiting() for _ in range(1_000)]
    for one in spans:
        ends.put(one)
    assert not ends.force_flush(0)
    assert 0 < sum(one.delivered for one in spans) < 1_000
    assert ends.force_flush(10_000)
    assert all(one.delivered for one in spans)


@pytest.mark.parametrize(("step", "looks"), [("_wake", 1), ("_sleep", 1), ("_sleep", 2)])
def test_a_span_that_ends_after_a_shutdown_is_delivered_wherever_the_shutdown_came_between(ends, step, looks):
    look, left = ends._closing.is_set, [looks]

    def shut_down_after_a_look() -> bool:
        closing = look()
        left[0] -= 1
        if left[0] == 0:
            ends.shutdown()
        return closing

    ends._wanted.wait = lambda: True
    ends._closing.is_set = shut_down_after_a_look
    getattr(ends, step)()
    late = Waiting()
    ends.put(late)
    assert (late.delivered, left[0] <= 0) == (True, True)


def test_a_processor_that_raises_costs_no_other_span(provider, noted, guarded, monkeypatch):
    original = noted.on_end

    def fail(one: ReadableSpan) -> None:
        if one.name == "bad":
            raise RuntimeError("a defect of the processor")
        original(one)

    monkeypatch.setattr(noted, "on_end", fail)
    end("a", "bad", "b")
    assert tracing.flush(10)
    assert noted.names == ["a", "b"]
    assert _losses.snapshot() == {"sdk": {"internal_error": 1}}


def test_many_threads_end_spans_and_none_is_lost(provider, noted):
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
    assert noted.names == ["call"] * 2_000
    assert _losses.snapshot() == {}


def test_a_deferred_end_is_the_time_of_the_end_and_not_of_its_delivery(noted):
    exported = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({}), shutdown_on_exit=False)
    provider.add_span_processor(noted)
    provider.add_span_processor(SimpleSpanProcessor(exported))
    tracing.attach(provider, "test", defer=True)
    noted.open.clear()
    end("a")
    ended = time.time_ns()
    noted.open.set()
    assert tracing.flush(10)
    assert exported.get_finished_spans()[0].end_time <= ended


def test_after_a_detach_the_provider_has_its_own_processors_alone(provider, noted):
    tracing.detach()
    assert provider._active_span_processor._span_processors == (noted,)


def test_without_it_nothing_waits():
    tracing.attach(TracerProvider(resource=Resource({}), shutdown_on_exit=False), "test")
    assert CURRENT.ends is None
    assert tracing.flush(0)


def test_whoever_asks_for_the_ids_of_a_deferred_span_sees_those_that_are_exported():
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({}), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.attach(provider, "test", defer=True)
    with span("asked") as asked:
        seen = asked.get_span_context()
        with span("inside"):
            pass
    end("not asked")
    assert tracing.flush(10)
    told = {one.name: one for one in exporter.get_finished_spans()}
    assert told["asked"].context == seen
    assert told["inside"].parent == seen
    assert told["not asked"].context.is_valid
    assert told["not asked"].context.trace_id != seen.trace_id


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.usefixtures("provider")
def test_both_sides_of_a_fork_know_the_current_span_by_the_same_ids():
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
