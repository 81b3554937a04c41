"""Open spans: each is ended when the process ends, and the search for them disturbs no other thread."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from threading import Event, Thread

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from otel_trading.pipeline.collect.open_spans import INCOMPLETE, end_open_spans


@pytest.fixture
def switches() -> Iterator[None]:
    """Make threads switch far more often than by default."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.fault(43)
def test_open_spans_of_one_resource_are_ended_and_those_of_another_are_not() -> None:
    ended = InMemorySpanExporter()
    providers = [TracerProvider(resource=Resource({"service.name": name})) for name in ("own", "other")]
    for provider in providers:
        provider.add_span_processor(SimpleSpanProcessor(ended))
    spans = [provider.get_tracer("t").start_span("open") for provider in providers]
    providers[0].get_tracer("t").start_span("ended").end()
    assert end_open_spans(providers[0].resource) == 1
    assert [span.end_time is None for span in spans] == [False, True]  # type: ignore[attr-defined]
    assert [(span.name, dict(span.attributes or {})) for span in ended.get_finished_spans()] == [
        ("ended", {}),
        ("open", {INCOMPLETE: True}),
    ]
    spans[1].end()


@pytest.mark.fault(43)
@pytest.mark.usefixtures("switches")
def test_a_thread_that_builds_tuples_during_the_search_is_not_disturbed() -> None:
    resource, done, errors = Resource({}), Event(), []

    def make() -> None:
        try:
            while not done.is_set():
                tuple(number for number in range(12))
        except SystemError as error:
            errors.append(error)

    thread = Thread(target=make)
    thread.start()
    for _ in range(50):
        assert end_open_spans(resource) == 0
    done.set()
    thread.join()
    assert errors == []
