"""Faults of requests and connections, as the broker's clients see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from trading_system.venue.ticks import Trade

TRADE = Trade("IBM", 1_820_100, 5, "D", ("@",))


def test_http_5xx_answers_with_its_status(floor: Any) -> None:
    floor.venue.fault("http_5xx", status=502, share=0.5)
    assert [floor.venue.request("GET", "account").status_code for _ in range(4)] == [200, 502, 200, 502]
    assert floor.venue.counts()["requests"] == {"refused_by_status": {"502": 2}}


def test_refused_orders_are_counted_apart_from_other_refused_requests(floor: Any) -> None:
    assert floor.venue.request("DELETE", "orders/none").status_code == 404
    assert floor.venue.counts()["orders"]["refused"] == 0
    assert floor.venue.request("POST", "orders", json={}).status_code == 422
    assert floor.venue.counts()["orders"]["refused"] == 1


def test_http_429_asks_to_wait(floor: Any) -> None:
    floor.venue.fault("http_429", retry_after=2)
    response = floor.venue.request("GET", "account")
    assert (response.status_code, response.headers["Retry-After"]) == (429, "2")
    assert response.json() == {"code": 42910000, "message": "rate limit exceeded"}


def test_latency_delays_answers_beyond_a_client_s_timeout(floor: Any) -> None:
    floor.venue.fault("latency", delay=3600)
    with pytest.raises(requests.exceptions.ReadTimeout):
        floor.venue.request("GET", "account", timeout=0.2)


@pytest.mark.parametrize("is_connected_before", [True, False])
def test_refused_connections_break_before_any_answer(floor: Any, *, is_connected_before: bool) -> None:
    with requests.Session() as session:
        url = f"http://{floor.venue.address}/v2/account"
        if is_connected_before:
            assert session.get(url, timeout=20).status_code == 401
        floor.venue.fault("refuse_connections")
        with pytest.raises(requests.exceptions.ConnectionError):
            session.get(url, timeout=20)
        assert floor.venue.control("DELETE", "faults") == {"active": []}
        assert session.get(url, timeout=20).status_code == 401


@pytest.mark.parametrize("is_connected_before", [True, False])
def test_half_open_connections_stay_silent(floor: Any, *, is_connected_before: bool) -> None:
    with requests.Session() as session:
        url = f"http://{floor.venue.address}/v2/account"
        if is_connected_before:
            assert session.get(url, timeout=20).status_code == 401
        floor.venue.fault("half_open")
        with pytest.raises(requests.exceptions.ReadTimeout):
            session.get(url, timeout=0.2)


def test_a_half_open_connection_breaks_when_the_fault_ends(floor: Any) -> None:
    floor.venue.fault("half_open", seconds=0.3)
    with pytest.raises(requests.exceptions.ConnectionError, match=r"aborted|reset"):
        floor.venue.request("GET", "account")


def test_a_half_open_stream_stays_silent_and_then_resumes(
    floors: Callable[..., Any], wait_until: Any
) -> None:
    floor = floors(*[TRADE] * 1_000, every=0.001)
    market_data = floor.market_data()
    wait_until(lambda: market_data.messages, "the first tick")
    floor.venue.fault("half_open")
    wait_until(lambda: floor.venue.counts()["ticks"]["produced"] == 1_000, "the last tick")
    assert len(market_data.messages) < 1_000
    floor.venue.control("DELETE", "faults")
    wait_until(lambda: len(market_data.messages) == 1_000, "the silence to end")


def test_dropped_streams_reconnect_and_show_the_missed_ticks(
    floors: Callable[..., Any], wait_until: Any
) -> None:
    floor = floors(*[TRADE] * 4_000, every=0.001)
    market_data, _ = floor.market_data(), floor.trade_updates()
    wait_until(lambda: market_data.messages, "the first tick")
    floor.venue.fault("drop_connections", seconds=0.2)
    wait_until(lambda: not any(floor.venue.subscribers().values()), "both streams to be dropped")
    before = len(market_data.messages)
    wait_until(lambda: len(market_data.messages) > before, "the stream to come back")
    wait_until(lambda: floor.venue.counts()["ticks"]["produced"] == 4_000, "the last tick")
    wait_until(lambda: market_data.messages[-1]["n"] == 4_000, "the last tick to arrive")
    ticks = floor.venue.counts()["ticks"]
    assert ticks["sent"] == len(market_data.messages)
    assert ticks["sent"] + ticks["withheld"] == 4_000
    assert set(ticks["withheld_by_reason"]) <= {"no_subscriber", "connection_lost"}
    assert ticks["withheld"] > 0


def test_faults_are_listed_and_expire(floor: Any, wait_until: Any) -> None:
    floor.venue.fault("slippage", seconds=0.05, bps=5)
    floor.venue.fault("latency", seconds=60)
    wait_until(lambda: len(floor.venue.control("GET", "faults")["active"]) == 1, "the end of the slippage")
    (latency,) = floor.venue.control("GET", "faults")["active"]
    assert (latency["name"], latency["delay"], latency["seconds_left"] <= 60) == ("latency", 0.5, True)


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("faults", {"name": "http_5x", "seconds": 1}, "no fault 'http_5x'"),
        ("faults", None, "no fault ''"),
        ("market", {"running": "yes"}, '"running" must be true or false'),
    ],
)
def test_wrong_control_requests_are_answered_in_one_sentence(
    floor: Any, path: str, body: Any, message: str
) -> None:
    assert floor.venue.control("POST", path, body)["message"].startswith(message)
