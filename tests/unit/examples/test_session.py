"""Out of session a connection is idle, whatever becomes of it; in session it is what it is."""

from __future__ import annotations

import asyncio

import pytest
import requests
from trading_system.gateway import Clock
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


def test_a_connection_that_is_lost_out_of_session_is_idle(connection):
    connection.disconnected()
    follow_session(connection, is_open=False, is_up=False)
    assert connection.state == "idle"


@pytest.mark.parametrize(("is_up", "state"), [(True, "connected"), (False, "disconnected")])
def test_a_market_that_opens_finds_the_connection_as_it_is(connection, is_up, state):
    follow_session(connection, is_open=False, is_up=True)
    follow_session(connection, is_open=True, is_up=is_up)
    assert connection.state == state


def test_in_session_the_clock_does_not_speak_for_the_connection(connection):
    connection.disconnected()
    follow_session(connection, is_open=True, is_up=True)
    assert connection.state == "disconnected"


async def test_a_clock_that_did_not_answer_is_asked_again(monkeypatch):
    monkeypatch.setattr("trading_system.session.CHECK", 0)
    answers = [Clock(0.1, is_open=True), requests.ConnectionError(), Clock(0.2, is_open=False)]
    told: asyncio.Queue[Clock] = asyncio.Queue()

    def look() -> Clock:
        answer = answers.pop(0) if answers else Clock(0.3, is_open=True)
        if isinstance(answer, Exception):
            raise answer
        return answer

    following = asyncio.create_task(follow_clock(look, told.put_nowait))
    heard = [(await asyncio.wait_for(told.get(), PATIENCE)).ahead for _ in range(3)]
    following.cancel()
    assert heard == [0.1, 0.2, 0.3]
