"""Gateway: requests to the venue through the broker's own client, which blocks; call it from a thread.

The how-to of `ot.Venue`, and of the steps of `ot.Order` around a submission that may need several attempts.
"""

from __future__ import annotations

import time
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID

from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderSide, TimeInForce
from alpaca.trading.models import Clock, Order, Position
from alpaca.trading.requests import LimitOrderRequest
from requests import RequestException

import otel_trading as ot
from trading_system.messages import OrderRequest
from trading_system.service import VENUE
from trading_system.settings import Settings

TIMEOUT = 5.0
ATTEMPTS = 4
FIRST_PAUSE = 0.05
"""Seconds before the second attempt; each pause is twice the last."""

_RETRIED = frozenset({429, 500, 502, 503, 504})
_REJECT_REASONS = {403: "insufficient_funds", 422: "broker_option"}

RequestError = (APIError, RequestException)
"""What the client raises."""


class _Client(TradingClient):
    """The broker's client, which would wait for ever for a venue that accepts and stays silent."""

    def _one_request(self, method: str, url: str, opts: dict[str, Any], retry: int) -> Any:
        return super()._one_request(method, url, {**opts, "timeout": TIMEOUT}, retry)


class Gateway:
    """The venue's requests."""

    def __init__(self, settings: Settings) -> None:
        self.venue = ot.Venue(VENUE, address=urlsplit(settings.venue_url).hostname or VENUE)
        self._client = _Client(settings.key_id, settings.secret_key, url_override=settings.venue_url)

    def submit(self, order: ot.Order, ticket: LimitOrderRequest) -> None:
        """Hand an order over; one that could not be is told as rejected.

        The client order id makes it safe to try again: the venue takes one only once.

        Raises:
            APIError: The venue did not take the order.
            RequestException: The venue was not reached.
        """
        try:
            with self.venue.request():
                self._attempt(order, ticket)
        except RequestError as error:
            status = _status(error)
            order.rejected(_REJECT_REASONS.get(status, "broker_option"), "venue" if status else "gateway")
            raise

    def cancel(self, order: ot.Order, venue_order_id: UUID) -> None:
        """Ask for an order to be canceled; the venue's update says whether it was.

        Raises:
            APIError: The order is over already, or the request failed.
            RequestException: The venue was not reached.
        """
        with self.venue.request():
            order.cancel_requested()
            self._client.cancel_order_by_id(venue_order_id)

    def find(self, order: ot.Order) -> Order:
        """Return an order as the venue has it.

        Raises:
            APIError: The venue does not know it, or the request failed.
            RequestException: The venue was not reached.
        """
        with self.venue.request():
            return cast("Order", self._client.get_order_by_client_id(order.client_order_id))

    def positions(self) -> dict[str, float]:
        """Return the broker's positions, signed shares by symbol.

        Raises:
            APIError: The request failed.
            RequestException: The venue was not reached.
        """
        with self.venue.request():
            positions = cast("list[Position]", self._client.get_all_positions())
            return {position.symbol: float(position.qty) for position in positions}

    def clock_ahead(self) -> float:
        """Return how far our clock is ahead of the venue's, in seconds: half a round trip is the error.

        Raises:
            APIError: The request failed.
            RequestException: The venue was not reached.
        """
        with self.venue.request():
            before = time.time()
            there = cast("Clock", self._client.get_clock()).timestamp.timestamp()
            return (before + time.time()) / 2 - there

    def _attempt(self, order: ot.Order, ticket: LimitOrderRequest) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with order.submitting():
                    self._client.submit_order(ticket)
            except RequestError as error:  # noqa: PERF203 - an attempt takes milliseconds
                if not _status(error) and self._arrived(order):
                    order.submitted()
                    return
                if attempt == ATTEMPTS or _status(error) not in _RETRIED:
                    raise
                time.sleep(FIRST_PAUSE * 2 ** (attempt - 1))
                order.retried()
            else:
                return

    def _arrived(self, order: ot.Order) -> bool:
        """Ask whether an order was taken although the answer got lost."""
        try:
            return bool(self.find(order))
        except RequestError:
            return False


def ticket(request: OrderRequest, *, takes: bool) -> LimitOrderRequest:
    """Return the request to the broker: take what the other side offers, or post at our own.

    Args:
        request: The order.
        takes: Whether to cross the spread; what then finds no counterpart at once is canceled.
    """
    buys = request.side == "buy"
    return LimitOrderRequest(
        client_order_id=request.client_order_id,
        symbol=request.symbol,
        qty=request.quantity,
        side=OrderSide.BUY if buys else OrderSide.SELL,
        time_in_force=TimeInForce.IOC if takes else TimeInForce.DAY,
        limit_price=request.ask if buys == takes else request.bid,
    )


def _status(error: Exception) -> int:
    """The status of the venue's answer, or 0 where there was none."""
    return int(getattr(error, "status_code", None) or 0)
