"""Exposition: `/metrics` serves each recorded value once, and a port in use is reported in one sentence."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from http.client import RemoteDisconnected
from threading import Event
from urllib.request import urlopen

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource

from otel_trading import _losses
from otel_trading.errors import ConfigurationError
from otel_trading.pipeline.deliver.prometheus import Exposition, _Page

RESOURCE = Resource({"service.name": "risk-manager", "service.instance.id": "i-1", "process.pid": 7})


@pytest.fixture
def exposition() -> Iterator[Exposition]:
    exposition = Exposition("127.0.0.1", 0)
    yield exposition
    exposition.stop()


@pytest.fixture
def provider(exposition: Exposition) -> MeterProvider:
    return MeterProvider([exposition.reader], RESOURCE, shutdown_on_exit=False)


def scrape(exposition: Exposition) -> list[str]:
    with urlopen(exposition.url, timeout=30) as response:
        lines = response.read().decode().splitlines()
    return [line for line in lines if line.startswith("trading")]


def test_a_series_has_the_labels_that_prometheus_promotes(
    exposition: Exposition, provider: MeterProvider
) -> None:
    provider.get_meter("t").create_counter("trading.orders", "{order}").add(2, {"trading.venue.name": "XNAS"})
    assert scrape(exposition) == [
        'trading_orders_total{service_instance_id="i-1",service_name="risk-manager",'
        'trading_venue_name="XNAS"} 2.0'
    ]


def test_a_gauge_of_unit_1_is_a_ratio_and_an_up_down_counter_is_not(
    exposition: Exposition, provider: MeterProvider
) -> None:
    meter = provider.get_meter("t")
    meter.create_gauge("trading.drawdown", "1").set(0.5)
    meter.create_up_down_counter("trading.status", "1").add(1)
    assert [line.partition("{")[0] for line in scrape(exposition)] == [
        "trading_drawdown_ratio",
        "trading_status",
    ]


def test_a_flush_between_two_scrapes_serves_nothing_twice(
    exposition: Exposition, provider: MeterProvider
) -> None:
    counter = provider.get_meter("t").create_counter("trading.orders")
    counter.add(1)
    assert len(scrape(exposition)) == 1
    assert provider.force_flush()
    assert len(scrape(exposition)) == 1


def test_a_port_in_use_is_reported_in_one_sentence_with_port_and_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError) as caught:
            Exposition("127.0.0.1", port)
    assert str(caught.value) == (
        f"Port {port} of 127.0.0.1 is in use by another process: set another port for /metrics with "
        "prometheus_port, or OTEL_TRADING_PROMETHEUS_PORT."
    )


def test_an_address_of_another_machine_is_reported_in_one_sentence() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Exposition("192.0.2.1", 0)
    assert str(caught.value) == (
        "/metrics cannot listen on prometheus_host '192.0.2.1', prometheus_port 0: "
        "Cannot assign requested address."
    )


@pytest.mark.fault(48)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_leaves_the_port_to_its_parent_and_stops_without_waiting() -> None:
    exposition = Exposition("127.0.0.1", 0)
    port = int(exposition.url.split(":")[2].removesuffix("/metrics"))
    ended, end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(end)
        exposition.stop()
        os.read(ended, 1)  # until the parent closes its end
        os._exit(0)
    assert scrape(exposition) == []
    exposition.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=30)
    os.close(end)
    assert os.waitpid(pid, 0)[1] == 0


@pytest.mark.fault(52)
def test_a_scraper_that_disconnects_is_not_an_error_and_a_silent_one_is_disconnected(
    exposition: Exposition, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    requested = Event()
    answer = _Page.do_GET

    def answer_late(page: _Page) -> None:
        requested.set()
        disconnected.wait(30)
        answer(page)

    disconnected = Event()
    monkeypatch.setattr(_Page, "do_GET", answer_late)
    port = int(exposition.url.split(":")[2].removesuffix("/metrics"))
    with socket.create_connection(("127.0.0.1", port)) as hasty:
        hasty.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert requested.wait(30)
        hasty.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    disconnected.set()
    monkeypatch.setattr(_Page, "timeout", 0.01)
    with socket.create_connection(("127.0.0.1", port)) as silent:
        silent.settimeout(30)
        assert silent.recv(1) == b""
    assert capfd.readouterr().err == ""


def test_a_scrape_that_fails_is_counted(
    exposition: Exposition, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(_Page, "do_GET", lambda _: 1 / 0)
    with pytest.raises(RemoteDisconnected):
        scrape(exposition)
    assert _losses.snapshot() == {"metrics": {"scrape_failed": 1}}
    assert caplog.messages == [
        "otel_trading: a scrape of /metrics failed: ZeroDivisionError: division by zero"
    ]


def test_a_stopped_exposition_frees_its_port() -> None:
    exposition = Exposition("127.0.0.1", 0)
    port = int(exposition.url.split(":")[2].removesuffix("/metrics"))
    exposition.stop()
    Exposition("127.0.0.1", port).stop()
