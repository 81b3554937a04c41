"""A venue: one connection state, and each request that failed for good."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_trading.errors import LabelError
from otel_trading.instruments import Venue
from tests.support.seen import Seen
from tests.support.strategies import not_names, not_words

FAILED = "trading.venue.request.failed"


def new_venue() -> Venue:
    return Venue("XNAS", address="api.example")


class ApiError(Exception):
    """Like that of alpaca-py: the exception has the status code."""

    def __init__(self, status_code: object) -> None:
        super().__init__()
        self.status_code = status_code


class HTTPError(Exception):
    """Like that of requests: the response has the status code."""

    def __init__(self, status_code: object) -> None:
        super().__init__()
        self.response = SimpleNamespace(status_code=status_code)


@settings(deadline=None, max_examples=30)
@given(steps=st.lists(st.sampled_from([Venue.connecting, Venue.connected, Venue.disconnected, Venue.idle])))
def test_exactly_one_state_is_1(steps):
    seen, venue = Seen(), new_venue()
    for step in steps:
        step(venue)
    assert seen.state("trading.connection.status", type="order_entry", address="api.example") == [venue.state]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ApiError(429), "429"),
        (HTTPError(503), "503"),
        (ApiError("429"), f"{__name__}.ApiError"),
        (HTTPError(None), f"{__name__}.HTTPError"),
        (ApiError(7), f"{__name__}.ApiError"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_a_failed_request_is_counted_by_its_code_or_its_error(seen, error, kind):
    with pytest.raises(type(error)) as raised, new_venue().request():
        raise error
    assert raised.value is error
    assert seen.total(FAILED, name="XNAS", type=kind) == 1
    assert seen.span("request XNAS").attributes["trading.venue.name"] == "XNAS"


def test_a_request_that_succeeds_or_is_cancelled_did_not_fail(seen):
    with new_venue().request():
        pass
    with pytest.raises(asyncio.CancelledError), new_venue().request():
        raise asyncio.CancelledError
    assert seen.total(FAILED) == 0


def test_the_series_of_status_429_exists_before_the_first_failure(seen):
    new_venue()
    assert {p.value for p in seen.points(FAILED, type="429")} == {0}


@settings(deadline=None)
@given(word=not_words)
def test_a_failure_may_be_a_word(word):
    seen = Seen()
    new_venue().request_failed(word)
    assert seen.total(FAILED) == 1


@given(name=not_names)
def test_a_venue_needs_a_name_and_an_address(name):
    with pytest.raises(LabelError, match=r"Venue\(name\) takes text"):
        Venue(name, address="x")
    with pytest.raises(LabelError, match=r"Venue\(address\) takes text"):
        Venue("x", address=name)
