"""The reader: each data point has one outcome, also where an export outlives its reader."""

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


class SlowWay:
    """Takes everything, when it is told to."""

    def __init__(self) -> None:
        self.began, self.answers = Event(), Event()

    def send(self, items: Sequence[Any], deadline: float) -> Outcome[Any]:
        self.began.set()
        self.answers.wait(60)
        return Outcome(delivered=sum(map(METRICS.count, items)))

    def close(self) -> None: ...


class ExitingWay(SlowWay):
    """Says SystemExit to everything."""

    def send(self, items: Sequence[Any], deadline: float) -> Outcome[Any]:
        raise SystemExit


class KeepingWay(SlowWay):
    """Takes everything at once, and keeps it."""

    def __init__(self) -> None:
        super().__init__()
        self.points: dict[str, list[Any]] = {}

    def send(self, items: Sequence[Any], deadline: float) -> Outcome[Any]:
        for _, _, metric in each_metric(MetricsData(items)):
            self.points.setdefault(metric.name, []).extend(metric.data.data_points)
        return Outcome(delivered=sum(map(METRICS.count, items)))


class Reading:
    """A reader of one counter, and an export of it on a thread of its own."""

    def __init__(self, way: SlowWay | None = None, temporality: str = "cumulative") -> None:
        self.way, self.route = way or SlowWay(), ExportAccount("metrics", "otlp")
        self.reader = IntervalReader(self.route, self.way, TEMPORALITIES[temporality], 3600, 60)
        self.provider = MeterProvider([self.reader], shutdown_on_exit=False)
        self.provider.get_meter("m").create_counter("c").add(1)
        self.export = Thread(target=self.reader.export_now, args=(after(60),))

    def fork(self) -> None:
        """Do what is done around a fork, in the parent."""
        self.reader._before_fork()
        self.reader._in_parent()

    def account(self) -> tuple[int, int, dict[str, int], int]:
        health = self.route.health()
        return health.produced, health.delivered, health.dropped, health.waiting


@pytest.mark.fault(50)
def test_points_that_arrive_after_they_were_given_up_are_counted_once() -> None:
    reading = Reading()
    reading.export.start()
    reading.way.began.wait(60)
    assert not reading.reader.close(after(0.05))
    assert reading.account() == (1, 0, {"shutdown_timeout": 1}, 0)
    reading.way.answers.set()
    reading.export.join()
    assert reading.account() == (1, 0, {"shutdown_timeout": 1}, 0)


@pytest.mark.fault(50)
def test_what_is_collected_when_the_reader_is_closed_already_is_not_sent() -> None:
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
    assert not reading.way.began.is_set()
    assert reading.account() == (0, 0, {}, 0)


@pytest.mark.fault(34, 50)
def test_an_export_that_says_system_exit_is_counted_and_the_next_goes_on() -> None:
    reading = Reading(ExitingWay())
    assert not reading.reader.export_now(after(60))
    assert not reading.reader.export_now(after(60))
    assert reading.account() == (2, 0, {"export_failed": 2}, 0)


@pytest.mark.fault(34)
def test_what_redaction_raises_is_counted_and_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    reading = Reading()
    monkeypatch.setattr("otel_trading.pipeline.collect.interval_reader.redact_metrics", sys.exit)
    assert not reading.reader.export_now(after(60))
    assert not reading.way.began.is_set()
    assert reading.account() == (1, 0, {"export_failed": 1}, 0)


@pytest.mark.fault(48)
def test_a_thousand_forks_between_two_exports_are_carried_as_one_point_per_series() -> None:
    way = KeepingWay()
    reading = Reading(way, "delta")
    meter = reading.provider.get_meter("m")
    counter, histogram = meter.create_counter("c"), meter.create_histogram("h")
    for number in range(1000):
        counter.add(2)
        histogram.record(number)
        reading.fork()
    counter.add(5)
    assert reading.reader.export_now(after(60))
    assert [point.value for point in way.points["c"]] == [1 + 2000, 5]
    (recorded,) = way.points["h"]
    assert (recorded.count, recorded.sum, recorded.min, recorded.max) == (1000, 499_500, 0, 999)
    assert sum(recorded.bucket_counts) == 1000
    assert way.points["c"][0].time_unix_nano == way.points["c"][1].start_time_unix_nano
    reading.fork()
    assert reading.reader.export_now(after(60))
    assert sum(point.value for point in way.points["c"]) == 2006


@pytest.mark.fault(31, 48)
def test_what_is_carried_has_as_many_series_as_a_metric_may_have_and_its_sum_stays_exact() -> None:
    way = KeepingWay()
    reading = Reading(way, "delta")
    counter = reading.provider.get_meter("m").create_counter("c")
    for fork in range(3):
        for number in range(1000):
            counter.add(1, {"order": f"{fork}-{number}"})
        reading.fork()
    assert reading.reader.export_now(after(60))
    assert len(way.points["c"]) == 2001
    assert sum(point.value for point in way.points["c"]) == 3001
    assert way.points["c"][-1].attributes == {"otel.metric.overflow": True}


@pytest.mark.fault(48)
def test_where_sums_count_from_the_start_nothing_is_carried() -> None:
    way = KeepingWay()
    reading = Reading(way)
    reading.fork()
    assert reading.reader.export_now(after(60))
    assert [point.value for point in way.points["c"]] == [1]


@pytest.mark.fault(48)
@pytest.mark.parametrize("temporality", ["cumulative", "delta"])
def test_the_exemplars_that_were_read_at_a_fork_are_in_the_next_export(temporality: str) -> None:
    way = KeepingWay()
    reading = Reading(way, temporality)
    histogram = reading.provider.get_meter("m").create_histogram("h")
    in_span = set_span_in_context(NonRecordingSpan(SpanContext(1, 2, False, TraceFlags(1))))
    histogram.record(0.5, context=in_span)
    reading.fork()
    reading.fork()  # reads no exemplar, and takes none away
    for _ in range(2):
        assert reading.reader.export_now(after(60))
    exemplars = [point.exemplars for point in way.points["h"]]
    assert [one.span_id for one in exemplars[0]] == [2]
    assert not any(exemplars[1:])


@pytest.mark.fault(48)
def test_series_that_differ_in_the_type_of_a_label_or_in_the_version_of_their_scope_have_each_its_baseline() -> (
    None
):
    way = KeepingWay()
    reading = Reading(way)
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
    assert sorted(point.value for point in way.points["d"]) == [0, 0, 0, 0, 100]


@pytest.mark.fault(48)
@pytest.mark.parametrize(
    ("scope", "temporality", "told"),
    [
        (SCOPE_OF_PROCESS, "cumulative", [2, 9, 12]),
        (SCOPE_OF_PROCESS, "delta", [2, 7, 3]),
        ("another's", "cumulative", [2, 9, 12]),
        ("another's", "delta", [0, 7, 3]),
    ],
)
def test_what_begins_anew_with_a_process_is_no_less_than_nothing_in_a_child(
    scope: str, temporality: str, told: list[int]
) -> None:
    way, seconds = KeepingWay(), [9]
    reading = Reading(way, temporality)
    meter = reading.provider.get_meter(scope)
    meter.create_observable_counter("process.cpu.time", [lambda _: [Observation(seconds[0])]])
    reading.reader._before_fork()
    reading.reader._after_fork()
    for seconds[0] in (2, 9, 12):
        assert reading.reader.export_now(after(60))
    assert [point.value for point in way.points["process.cpu.time"]] == told


@pytest.mark.fault(48)
def test_the_least_and_the_greatest_value_of_a_forked_child_are_its_own_or_unknown() -> None:
    way = KeepingWay()
    reading = Reading(way)
    histogram = reading.provider.get_meter("m").create_histogram("h")
    for value in (3, 7):
        histogram.record(value)
    reading.reader._before_fork()
    reading.reader._after_fork()
    for value in (5, 9, 1):
        histogram.record(value)
        assert reading.reader.export_now(after(60))
    assert [(point.min, point.max) for point in way.points["h"]] == [(None, None), (None, 9), (1, 9)]
    assert [(point.count, point.sum) for point in way.points["h"]] == [(1, 5), (2, 14), (3, 15)]


@pytest.mark.fault(48)
def test_the_cpu_time_of_a_forked_child_is_its_own_from_the_first_export_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process = Mock()
    monkeypatch.setattr(runtime, "_process", lambda _: process)
    process.cpu_times.return_value = Mock(user=2, system=1)
    process.memory_info.return_value = Mock(rss=4096)
    way = KeepingWay()
    reading = Reading(way)
    runtime.watch_process(reading.provider)
    reading.reader._before_fork()
    reading.reader._after_fork()
    process.cpu_times.return_value = Mock(user=5, system=3)
    assert reading.reader.export_now(after(60))
    assert [point.value for point in way.points["process.cpu.time"]] == [5, 3]


@pytest.mark.fault(34, 48)
def test_a_callback_that_takes_seconds_at_a_fork_does_not_have_the_child_say_its_parents_sums_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    way, now = KeepingWay(), [time.time_ns()]
    monkeypatch.setattr("opentelemetry.sdk.metrics._internal.measurement_consumer.time_ns", lambda: now[0])
    reading = Reading(way)

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
    assert [point.value for point in way.points["c"]] == [5]


@pytest.mark.fault(34, 44)
def test_a_collection_that_memory_does_not_suffice_for_does_not_end_the_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PYTEST_VERSION")  # as in production
    tries: list[None] = []
    again = Event()

    def none_left(*_: object) -> None:
        tries.append(None)
        if len(tries) == 2:
            again.set()
        raise MemoryError

    monkeypatch.setattr("otel_trading.pipeline.collect.interval_reader.Baseline.without", none_left)
    route = ExportAccount("metrics", "otlp")
    reader = IntervalReader(route, KeepingWay(), {}, 0.001, 60)
    MeterProvider([reader], shutdown_on_exit=False)
    assert again.wait(30)
    reader._ends.set()
    reader._thread.join(30)


@pytest.mark.fault(50, 51)
def test_a_second_close_says_what_the_first_said() -> None:
    failed, delivered = Reading(ExitingWay()), Reading(KeepingWay())
    assert [failed.reader.close(after(60)) for _ in range(2)] == [False, False]
    assert [delivered.reader.close(after(60)) for _ in range(2)] == [True, True]
