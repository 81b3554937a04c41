"""A connection is idle while the market is closed, even if it is lost; otherwise it shows its real state."""

from __future__ import annotations

import asyncio

import pytest
import requests
from trading_system.gateway import VenueClock
from trading_system.session import follow_clock, follow_session

import otel_trading as ot

PATIENCE = 20.0


@pytest.fixture(params=[lambda: ot.Feed("sip"), lambda: ot.Venue("SIM", address="localhost")])
def connection(request):
    made = request.param()
    made.connected()
    return made


def test_a_market_that_closes_makes_the_connection_idle(connection):
    follow_session(connection, is_open=False, is_up=True)
    assert connection.state == "idle"


def test_a_connection_lost_while_the_market_is_closed_is_idle(connection):
    connection.disconnected()
    follow_session(connection, is_open=False, is_up=False)
    assert connection.state == "idle"


@pytest.mark.parametrize(("is_up", "state"), [(True, "connected"), (False, "disconnected")])
def test_at_the_opening_a_connection_shows_its_real_state(connection, is_up, state):
    follow_session(connection, is_open=False, is_up=True)
    follow_session(connection, is_open=True, is_up=is_up)
    assert connection.state == state


def test_an_open_market_does_not_change_the_state_of_a_connection(connection):
    connection.disconnected()
    follow_session(connection, is_open=True, is_up=True)
    assert connection.state == "disconnected"


async def test_a_failed_request_of_the_clock_is_repeated(monkeypatch):
    monkeypatch.setattr("trading_system.session.CHECK_INTERVAL", 0)
    answers = [VenueClock(0.1, is_open=True), requests.ConnectionError(), VenueClock(0.2, is_open=False)]
    reported: asyncio.Queue[VenueClock] = asyncio.Queue()

    def get_clock() -> VenueClock:
        answer = answers.pop(0) if answers else VenueClock(0.3, is_open=True)
        if isinstance(answer, Exception):
            raise answer
        return answer

    following = asyncio.create_task(follow_clock(get_clock, reported.put_nowait))
    heard = [(await asyncio.wait_for(reported.get(), PATIENCE)).ahead for _ in range(3)]
    following.cancel()
    assert heard == [0.1, 0.2, 0.3]
