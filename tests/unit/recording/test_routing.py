"""Attaching to a provider, and leaving it."""

from __future__ import annotations

import gc
import weakref
from threading import Thread

import pytest
from opentelemetry.metrics import NoOpMeter, NoOpMeterProvider

from otel_trading import recording
from otel_trading._sdk import metrics
from otel_trading.recording.routing import MeterRoute
from otel_trading.tracing import traced
from tests.unit.recording.conftest import FEED, counter, gauge, histogram, level


def test_before_attach_everything_is_a_no_op(attach):
    early = [histogram().bind(), counter().bind(), gauge().bind(), level().bind()]
    early[0].record(2)
    early[1].add(3)
    early[2].set(4)
    early[3].set(5)
    assert attach().values() == {"trading.test.counter": {(): 0}}


def test_handles_bound_before_and_after_attach_report_alike(attach):
    metric = counter(FEED)
    early = metric.bind(feed_name="early")
    attached = attach()
    late = metric.bind(feed_name="late")
    early.add(1)
    late.add(2)
    assert attached.values() == {"trading.test.counter": {("early",): 1, ("late",): 2}}


def test_a_handle_that_another_thread_binds_during_attach_reports_too(attach, monkeypatch):
    first, last = counter(FEED), gauge()
    last.bind()
    connecting, bound = MeterRoute.connect, []

    def connect(route, metric, attributes, handle):
        if metric is last:  # the first metric is connected by now, the last one not yet
            thread = Thread(target=lambda: bound.append(first.bind(feed_name="sip")))
            thread.start()
            thread.join()
        connecting(route, metric, attributes, handle)

    monkeypatch.setattr(MeterRoute, "connect", connect)
    attached = attach()
    bound[0].add(1)
    assert attached.values() == {"trading.test.counter": {("sip",): 1}}


def test_a_counter_is_exported_as_zero_as_soon_as_it_is_bound(attach):
    """PromQL's `increase()` sees the first event only if the series began at 0."""
    attached = attach()
    counter(FEED).bind(feed_name="sip")
    assert attached.values() == {"trading.test.counter": {("sip",): 0}}


def test_a_gauge_and_a_level_appear_with_their_first_value(attach):
    attached, some_gauge, some_level = attach(), gauge().bind(), level().bind()
    assert attached.values() == {}
    some_gauge.set(-1.5)
    some_level.add(-2)
    assert attached.values() == {"trading.test.gauge": {(): -1.5}, "trading.test.updowncounter": {(): -2}}


def test_detach_makes_everything_a_no_op_and_the_old_provider_falls_silent(attach):
    attached, total, seconds = attach(), counter().bind(), histogram().bind()
    total.add(1)
    seconds.record(1)
    recording.detach()
    total.add(1)
    seconds.record(1)
    assert attached.values() == {}


def test_the_next_provider_starts_from_zero_and_the_last_one_gets_nothing_more(attach):
    total, seconds = counter().bind(), histogram().bind()
    first = attach()
    total.add(7)
    seconds.record(1)
    assert first.values() == {"trading.test.counter": {(): 7}, "trading.test.histogram": {(): 1}}
    second = attach()
    total.add(1)
    seconds.record(1)
    assert second.values() == {"trading.test.counter": {(): 1}, "trading.test.histogram": {(): 1}}
    assert "trading.test.counter" not in first.values()


@pytest.mark.parametrize("between", [False, True], ids=["at once", "after another"])
def test_counters_continue_from_their_totals_when_a_provider_is_attached_again(attach, between):
    handles = counter().bind(), histogram().bind(), level().bind(), gauge().bind()
    total, seconds, some_level, some_gauge = handles
    attached = attach()
    for turn in (1, 2, 3):
        total.add(7)
        seconds.record(1)
        assert attached.values() == {
            "trading.test.counter": {(): 7 * turn},
            "trading.test.histogram": {(): turn},
        }
        if between:
            attach()
            total.add(100)
        recording.attach(attached.provider, "test")
    some_level.set(4)
    some_gauge.set(5)
    assert attached.values() == {
        "trading.test.counter": {(): 21},
        "trading.test.histogram": {(): 3},
        "trading.test.updowncounter": {(): 4},
        "trading.test.gauge": {(): 5},
    }


def test_a_histogram_alone_reports_to_a_provider_that_is_attached_again(attach):
    seconds, attached = histogram().bind(), attach()
    recording.attach(attached.provider, "test")
    seconds.record(1)
    assert attached.values() == {"trading.test.histogram": {(): 1}}


def test_a_detached_provider_is_not_kept_alive(attach):
    attached = attach()
    counter().bind().add(1)
    histogram().bind().record(1)
    attached.values()
    provider = weakref.ref(attached.provider)
    recording.detach()
    del attached
    gc.collect()
    assert provider() is None


class _Unhashable:
    """A provider of the API that is neither hashable nor weakly referenceable."""

    __slots__ = ()
    __hash__ = None

    def get_meter(self, name: str, *_: object, **__: object) -> NoOpMeter:
        return NoOpMeter(name)


@pytest.mark.parametrize("provider", [NoOpMeterProvider(), _Unhashable()], ids=lambda one: type(one).__name__)
def test_a_provider_that_is_not_the_sdks_gets_plain_records(provider):
    handle = histogram().bind()
    recording.attach(provider, "test")
    handle.record(1)
    counter().bind().add(1)


def test_a_disabled_sdk_causes_no_warning_about_its_release(attach, monkeypatch, caplog):
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    monkeypatch.setattr(metrics, "probe", metrics.probe.__wrapped__)
    handle = histogram().bind()
    attach()
    handle.record(1)
    assert caplog.records == []


def test_callbacks_run_at_every_attach(attach, monkeypatch):
    seen = []
    monkeypatch.setattr("otel_trading.recording.routing._callbacks", [])
    recording.on_attach(seen.append)
    providers = [attach().provider, attach().provider]
    assert seen == providers


def test_the_scope_names_the_package_its_version_and_its_schema(attach):
    attached = attach()
    counter().bind()
    scope = attached.readers[0].get_metrics_data().resource_metrics[0].scope_metrics[0].scope
    assert (scope.name, scope.version) == ("otel_trading", "test")
    assert scope.schema_url.startswith("https://otel-trading.dev/schemas/")


def test_a_restart_sets_counters_and_histograms_to_zero_and_levels_to_unknown(attach):
    """A forked child restarts, because its parent exports the earlier values."""
    attached = attach()
    handles = histogram().bind(), counter().bind(), gauge().bind(), level().bind()
    some_histogram, some_counter, some_gauge, some_level = handles
    some_histogram.record(2)
    some_counter.add(3)
    some_gauge.set(4)
    some_level.set(5)
    recording.restart()
    assert attached.values() == {"trading.test.counter": {(): 0}}
    some_histogram.record(2)
    some_counter.add(1)
    assert attached.values() == {"trading.test.counter": {(): 1}, "trading.test.histogram": {(): 1}}


def test_a_traced_call_records_its_duration_into_a_bound_histogram(attach):
    attached, metric = attach(), histogram()

    @traced(duration=metric.bind())
    def work() -> None:
        pass

    work()
    assert attached.values() == {"trading.test.histogram": {(): 1}}
