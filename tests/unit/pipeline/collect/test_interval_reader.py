"""Interval reader: each data point has one outcome, even if its export ends after the reader was closed."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from threading import Event, Thread
from typing import Any
from unittest.mock import Mock

import pytest
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricsData
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from otel_trading.instruments import runtime
from otel_trading.pipeline.clean.metrics_data import each_metric
from otel_trading.pipeline.collect.interval_reader import IntervalReader
from otel_trading.pipeline.deliver.account import ExportAccount
from otel_trading.pipeline.deliver.deadline import after
from otel_trading.pipeline.deliver.encoding import METRICS
from otel_trading.pipeline.deliver.sender import Outcome
from otel_trading.pipeline.setup.exporters import TEMPORALITIES
from otel_trading.recording import SCOPE_OF_PROCESS


class SlowExporter:
    """Delivers all points as soon as the test sets `answers`."""

    def __init__(self) -> None:
        self.began, self.answers = Event(), Event()

    def send(self, items: Sequence[Any], deadline: float) -> Outcome[Any]:
        self.began.set()
        self.answers.wait(60)
        return Outcome(delivered=sum(map(METRICS.count, items)))

    def close(self) -> None: ...


class ExitingExporter(SlowExporter):
    """Raises SystemExit from each export."""

    def send(self, items: Sequence[Any], deadline: float) -> Outcome[Any]:
        raise SystemExit


class KeepingExporter(SlowExporter):
    """Delivers all points at once, and keeps them."""

    def __init__(self) -> None:
        super().__init__()
        self.points: dict[str, list[Any]] = {}

    def send(self, items: Sequence[Any], deadline: float) -> Outcome[Any]:
        for _, _, metric in each_metric(MetricsData(items)):
            self.points.setdefault(metric.name, []).extend(metric.data.data_points)
        return Outcome(delivered=sum(map(METRICS.count, items)))


class Reading:
    """A reader of one counter, and an export of it on a thread of its own."""

    def __init__(self, exporter: SlowExporter | None = None, temporality: str = "cumulative") -> None:
        self.exporter, self.account = exporter or SlowExporter(), ExportAccount("metrics", "otlp")
        self.reader = IntervalReader(self.account, self.exporter, TEMPORALITIES[temporality], 3600, 60)
        self.provider = MeterProvider([self.reader], shutdown_on_exit=False)
        self.provider.get_meter("m").create_counter("c").add(1)
        self.export = Thread(target=self.reader.export_now, args=(after(60),))

    def fork(self) -> None:
        """Run the hooks of the parent around a fork."""
        self.reader._before_fork()
        self.reader._in_parent()

    def counts(self) -> tuple[int, int, dict[str, int], int]:
        health = self.account.health()
        return health.produced, health.delivered, health.dropped, health.waiting


@pytest.mark.fault(50)
def test_points_that_the_close_dropped_during_their_export_are_counted_once() -> None:
    reading = Reading()
    reading.export.start()
    reading.exporter.began.wait(60)
    assert not reading.reader.close(after(0.05))
    assert reading.counts() == (1, 0, {"shutdown_timeout": 1}, 0)
    reading.exporter.answers.set()
    reading.export.join()
    assert reading.counts() == (1, 0, {"shutdown_timeout": 1}, 0)


@pytest.mark.fault(50)
def test_points_collected_after_the_reader_was_closed_are_not_sent() -> None:
    reading = Reading()
    asked, answers = Event(), Event()

    def observe(_: object) -> list[Any]:
        asked.set()
        answers.wait(60)
        return []

    reading.provider.get_meter("m").create_observable_gauge("slow", [observe])
    reading.export.start()
    asked.wait(60)
    reading.reader.close(after(0.05))
    answers.set()
    reading.export.join()
    assert not reading.exporter.began.is_set()
    assert reading.counts() == (0, 0, {}, 0)


@pytest.mark.fault(34, 50)
def test_an_export_that_raises_system_exit_is_counted_and_the_next_one_runs() -> None:
    reading = Reading(ExitingExporter())
    assert not reading.reader.export_now(after(60))
    assert not reading.reader.export_now(after(60))
    assert reading.counts() == (2, 0, {"export_failed": 2}, 0)


@pytest.mark.fault(34)
def test_points_at_which_redaction_raises_are_counted_and_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    reading = Reading()
    monkeypatch.setattr("otel_trading.pipeline.collect.interval_reader.redact_metrics", sys.exit)
    assert not reading.reader.export_now(after(60))
    assert not reading.exporter.began.is_set()
    assert reading.counts() == (1, 0, {"export_failed": 1}, 0)


@pytest.mark.fault(48)
def test_a_thousand_forks_between_two_exports_add_one_point_per_series() -> None:
    exporter = KeepingExporter()
    reading = Reading(exporter, "delta")
    meter = reading.provider.get_meter("m")
    counter, histogram = meter.create_counter("c"), meter.create_histogram("h")
    for number in range(1000):
        counter.add(2)
        histogram.record(number)
        reading.fork()
    counter.add(5)
    assert reading.reader.export_now(after(60))
    assert [point.value for point in exporter.points["c"]] == [1 + 2000, 5]
    (recorded,) = exporter.points["h"]
    assert (recorded.count, recorded.sum, recorded.min, recorded.max) == (1000, 499_500, 0, 999)
    assert sum(recorded.bucket_counts) == 1000
    assert exporter.points["c"][0].time_unix_nano == exporter.points["c"][1].start_time_unix_nano
    reading.fork()
    assert reading.reader.export_now(after(60))
    assert sum(point.value for point in exporter.points["c"]) == 2006


@pytest.mark.fault(31, 48)
def test_the_carry_over_has_at_most_as_many_series_as_a_metric_and_its_sum_stays_exact() -> None:
    exporter = KeepingExporter()
    reading = Reading(exporter, "delta")
    counter = reading.provider.get_meter("m").create_counter("c")
    for fork in range(3):
        for number in range(1000):
            counter.add(1, {"order": f"{fork}-{number}"})
        reading.fork()
    assert reading.reader.export_now(after(60))
    assert len(exporter.points["c"]) == 2001
    assert sum(point.value for point in exporter.points["c"]) == 3001
    assert exporter.points["c"][-1].attributes == {"otel.metric.overflow": True}


@pytest.mark.fault(48)
def test_cumulative_points_are_not_carried_over() -> None:
    exporter = KeepingExporter()
    reading = Reading(exporter)
    reading.fork()
    assert reading.reader.export_now(after(60))
    assert [point.value for point in exporter.points["c"]] == [1]


@pytest.mark.fault(48)
@pytest.mark.parametrize("temporality", ["cumulative", "delta"])
def test_exemplars_collected_at_a_fork_are_in_the_next_export(temporality: str) -> None:
    exporter = KeepingExporter()
    reading = Reading(exporter, temporality)
    histogram = reading.provider.get_meter("m").create_histogram("h")
    in_span = set_span_in_context(NonRecordingSpan(SpanContext(1, 2, False, TraceFlags(1))))
    histogram.record(0.5, context=in_span)
    reading.fork()
    reading.fork()  # collects no exemplar, and removes none
    for _ in range(2):
        assert reading.reader.export_now(after(60))
    exemplars = [point.exemplars for point in exporter.points["h"]]
    assert [one.span_id for one in exemplars[0]] == [2]
    assert not any(exemplars[1:])


@pytest.mark.fault(48)
def test_series_that_differ_only_in_a_label_type_or_in_the_scope_version_have_separate_baselines() -> None:
    exporter = KeepingExporter()
    reading = Reading(exporter)
    counter = reading.provider.get_meter("m", "2").create_counter("d")
    counter.add(2, {"n": True})
    counter.add(3, {"n": "1"})
    counter.add(5, {"n": 1})
    counter.add(7, {"n": {"deep": [1]}})
    reading.provider.get_meter("m", "1").create_counter("d").add(11, {"n": 1})
    reading.reader._before_fork()
    reading.reader._after_fork()
    counter.add(100, {"n": 1})
    assert reading.reader.export_now(after(60))
    assert sorted(point.value for point in exporter.points["d"]) == [0, 0, 0, 0, 100]


@pytest.mark.fault(48)
@pytest.mark.parametrize(
    ("scope", "temporality", "exported"),
    [
        (SCOPE_OF_PROCESS, "cumulative", [2, 9, 12]),
        (SCOPE_OF_PROCESS, "delta", [2, 7, 3]),
        ("another's", "cumulative", [2, 9, 12]),
        ("another's", "delta", [0, 7, 3]),
    ],
)
def test_a_counter_that_starts_at_zero_in_a_child_is_never_negative(
    scope: str, temporality: str, exported: list[int]
) -> None:
    exporter, seconds = KeepingExporter(), [9]
    reading = Reading(exporter, temporality)
    meter = reading.provider.get_meter(scope)
    meter.create_observable_counter("process.cpu.time", [lambda _: [Observation(seconds[0])]])
    reading.reader._before_fork()
    reading.reader._after_fork()
    for seconds[0] in (2, 9, 12):
        assert reading.reader.export_now(after(60))
    assert [point.value for point in exporter.points["process.cpu.time"]] == exported


@pytest.mark.fault(48)
def test_minimum_and_maximum_of_a_forked_child_are_its_own_or_unknown() -> None:
    exporter = KeepingExporter()
    reading = Reading(exporter)
    histogram = reading.provider.get_meter("m").create_histogram("h")
    for value in (3, 7):
        histogram.record(value)
    reading.reader._before_fork()
    reading.reader._after_fork()
    for value in (5, 9, 1):
        histogram.record(value)
        assert reading.reader.export_now(after(60))
    assert [(point.min, point.max) for point in exporter.points["h"]] == [(None, None), (None, 9), (1, 9)]
    assert [(point.count, point.sum) for point in exporter.points["h"]] == [(1, 5), (2, 14), (3, 15)]


@pytest.mark.fault(48)
def test_a_forked_child_exports_its_own_cpu_time_from_the_first_export_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process = Mock()
    monkeypatch.setattr(runtime, "_process", lambda _: process)
    process.cpu_times.return_value = Mock(user=2, system=1)
    process.memory_info.return_value = Mock(rss=4096)
    exporter = KeepingExporter()
    reading = Reading(exporter)
    runtime.watch_process(reading.provider)
    reading.reader._before_fork()
    reading.reader._after_fork()
    process.cpu_times.return_value = Mock(user=5, system=3)
    assert reading.reader.export_now(after(60))
    assert [point.value for point in exporter.points["process.cpu.time"]] == [5, 3]


@pytest.mark.fault(34, 48)
def test_a_child_forked_during_a_slow_callback_does_not_export_its_parents_sums(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exporter, now = KeepingExporter(), [time.time_ns()]
    monkeypatch.setattr("opentelemetry.sdk.metrics._internal.measurement_consumer.time_ns", lambda: now[0])
    reading = Reading(exporter)

    def slow(_: object) -> list[Any]:
        now[0] += 3_000_000_000
        return []

    meter = reading.provider.get_meter("m")
    meter.create_observable_gauge("slow", [slow])
    meter.create_observable_gauge("after_it", [lambda _: []])
    reading.reader._before_fork()
    reading.reader._after_fork()
    meter.create_counter("c").add(5)
    assert reading.reader.export_now(after(60))
    assert [point.value for point in exporter.points["c"]] == [5]


@pytest.mark.fault(34, 44)
def test_a_collection_that_raises_memory_error_does_not_end_the_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PYTEST_VERSION")  # as in production
    tries: list[None] = []
    retried = Event()

    def exhausted(*_: object) -> None:
        tries.append(None)
        if len(tries) == 2:
            retried.set()
        raise MemoryError

    monkeypatch.setattr("otel_trading.pipeline.collect.interval_reader.Baseline.subtract_from", exhausted)
    account = ExportAccount("metrics", "otlp")
    reader = IntervalReader(account, KeepingExporter(), {}, 0.001, 60)
    MeterProvider([reader], shutdown_on_exit=False)
    assert retried.wait(30)
    reader._closed.set()
    reader._thread.join(30)


@pytest.mark.fault(50, 51)
def test_a_second_close_returns_the_result_of_the_first() -> None:
    failed, delivered = Reading(ExitingExporter()), Reading(KeepingExporter())
    assert [failed.reader.close(after(60)) for _ in range(2)] == [False, False]
    assert [delivered.reader.close(after(60)) for _ in range(2)] == [True, True]
