"""The reader: each data point has one outcome, also where an export outlives its reader."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from threading import Event, Thread
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider

from otel_trading.pipeline.accounting import Route
from otel_trading.pipeline.deadline import after
from otel_trading.pipeline.encoding import METRICS
from otel_trading.pipeline.reading import IntervalReader
from otel_trading.pipeline.sending import Outcome


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


class Reading:
    """A reader of one counter, and an export of it on a thread of its own."""

    def __init__(self, way: SlowWay | None = None) -> None:
        self.way, self.route = way or SlowWay(), Route("metrics", "otlp")
        self.reader = IntervalReader(self.route, self.way, {}, 3600, 60)
        self.provider = MeterProvider([self.reader], shutdown_on_exit=False)
        self.provider.get_meter("m").create_counter("c").add(1)
        self.export = Thread(target=self.reader.export_now, args=(after(60),))

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
    monkeypatch.setattr("otel_trading.pipeline.reading.redact_metrics", sys.exit)
    assert not reading.reader.export_now(after(60))
    assert not reading.way.began.is_set()
    assert reading.account() == (1, 0, {"export_failed": 1}, 0)
