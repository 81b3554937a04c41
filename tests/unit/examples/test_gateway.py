"""An order is retried only while the venue has not accepted it."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from alpaca.common.exceptions import APIError
from trading_system.gateway import ATTEMPTS, Gateway, ticket
from trading_system.messages import OrderRequest
from trading_system.settings import SystemSettings

import otel_trading as ot
from otel_trading.instruments.order.order import _orders

REQUEST = OrderRequest("c-1", "momentum", "IBM", "buy", 200, 10.0, 10.02, 10.01, 0)


def answered(status: int) -> APIError:
    response = requests.Response()
    response.status_code = status
    return APIError('{"code": 1, "message": "no"}', requests.HTTPError(response=response))


class FakeClient:
    """A fake of the broker's client: each submission raises the next outcome, or succeeds if it is None."""

    def __init__(self, *outcomes: Exception | None, knows: bool = False) -> None:
        self._outcomes = list(outcomes)
        self._knows = knows
        self.submissions = 0

    def submit_order(self, _: object) -> None:
        self.submissions += 1
        outcome = self._outcomes.pop(0)
        if outcome is not None:
            raise outcome

    def get_order_by_client_id(self, client_order_id: str) -> Any:
        if not self._knows:
            raise answered(404)
        return client_order_id


@pytest.fixture
def submit(monkeypatch):
    """Return a function that submits an order through a client and returns the order."""
    _orders._forget()
    monkeypatch.setattr("trading_system.gateway.FIRST_PAUSE", 0)
    gateway = Gateway(SystemSettings.from_environ({}))

    def run(client: FakeClient) -> ot.Order:
        monkeypatch.setattr(gateway, "_client", client)
        order = ot.Order("c-1", venue="SIM", type="limit", side="buy", quantity=200, strategy="momentum")
        gateway.submit(order, ticket(REQUEST, takes=True))
        return order

    return run


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_submission_that_fails_for_a_while_is_retried(submit, status):
    client = FakeClient(answered(status), answered(status), None)
    assert submit(client).is_open
    assert client.submissions == 3


def test_it_gives_up_after_some_attempts(submit, seen):
    client = FakeClient(*[answered(503)] * ATTEMPTS)
    with pytest.raises(APIError):
        submit(client)
    assert client.submissions == ATTEMPTS
    assert seen.total("trading.order.retries") == ATTEMPTS - 1
    assert seen.total("trading.order.rejected", source="venue") == 1


@pytest.mark.parametrize(("status", "reason"), [(403, "insufficient_funds"), (422, "broker_option")])
def test_a_refusal_is_final_and_has_a_reason(submit, seen, status, reason):
    client = FakeClient(answered(status))
    with pytest.raises(APIError):
        submit(client)
    assert client.submissions == 1
    assert seen.total("trading.order.rejected", source="venue", reason=reason) == 1


def test_an_order_whose_answer_got_lost_is_looked_up_and_not_sent_twice(submit, seen):
    client = FakeClient(requests.ReadTimeout(), knows=True)
    assert submit(client).is_open
    assert client.submissions == 1
    assert seen.total("trading.order.submitted") == 1


def test_an_order_that_did_not_arrive_is_rejected_with_source_gateway(submit, seen):
    with pytest.raises(requests.ConnectionError):
        submit(FakeClient(requests.ConnectionError()))
    assert seen.total("trading.order.rejected", source="gateway") == 1


@pytest.mark.parametrize(
    ("side", "takes", "order_type", "price"),
    [
        ("buy", True, "market", None),
        ("buy", False, "limit", 10.0),
        ("sell", True, "market", None),
        ("sell", False, "limit", 10.02),
    ],
)
def test_a_ticket_takes_the_other_side_at_its_price_or_posts_at_its_own(side, takes, order_type, price):
    made = ticket(REQUEST._replace(side=side), takes=takes)
    assert (made.type.value, made.to_request_fields().get("limit_price")) == (order_type, price)
    assert (made.side.value, made.time_in_force.value) == (side, "day")
