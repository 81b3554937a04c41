"""Gateway: requests to the venue through the broker's own client, which blocks; call it from a thread.

The how-to of `ot.Venue`, and of the steps of `ot.Order` around a submission that may need several attempts.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit
from uuid import UUID

from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderSide, TimeInForce
from alpaca.trading.models import Clock as AlpacaClock
from alpaca.trading.models import Order
from alpaca.trading.models import Position as AlpacaPosition
from alpaca.trading.requests import LimitOrderRequest, MarketOrderRequest
from requests import RequestException

import otel_trading as ot
from trading_system.drill import within
from trading_system.handover import Adapter, tell_when_sent
from trading_system.messages import OrderRequest
from trading_system.positions import Position
from trading_system.service import VENUE
from trading_system.settings import Settings

TIMEOUT = 5.0
ATTEMPTS = 4
FIRST_PAUSE = 0.05
"""Seconds before the second attempt; each pause is twice the last."""

SLOWEST = 1.0
"""Seconds that a drill may add to the handing over of an order."""

_RETRIED = frozenset({429, 500, 502, 503, 504})
_REJECT_REASONS = {403: "insufficient_funds", 422: "broker_option"}

RequestError = (APIError, RequestException)
"""What the client raises."""

Ticket = LimitOrderRequest | MarketOrderRequest


class Clock(NamedTuple):
    """What the venue's clock said.

    Attributes:
        ahead: How far ours is ahead of it, in seconds; half a round trip is the error.
        is_open: Whether the market is open.
    """

    ahead: float
    is_open: bool


class Client(TradingClient):
    """The broker's client, which would wait for ever for a venue that accepts and stays silent."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.key_id, settings.secret_key, url_override=settings.venue_url)
        self._session.mount(settings.venue_url, Adapter())
        self._retry = 0  # it would try again by itself, seconds apart, and nobody would count it
        self._session.trust_env = False  # proxies and .netrc would be looked up again for each order

    def look_at_clock(self) -> Clock:
        """Return what the venue's clock says.

        Raises:
            APIError: The request failed.
            RequestException: The venue was not reached.
        """
        before = time.time()
        said = cast("AlpacaClock", self.get_clock())
        return Clock((before + time.time()) / 2 - said.timestamp.timestamp(), said.is_open)

    def _one_request(self, method: str, url: str, opts: dict[str, Any], retry: int) -> Any:
        return super()._one_request(method, url, {**opts, "timeout": TIMEOUT}, retry)


class Gateway:
    """The venue's requests."""

    def __init__(self, settings: Settings) -> None:
        self.venue = ot.Venue(VENUE, address=urlsplit(settings.venue_url).hostname or VENUE)
        self._client = Client(settings)
        self._pause = 0.0

    def slow_down(self, seconds: float) -> None:
        """Take so much longer to hand an order over; for a drill."""
        self._pause = within("seconds", seconds, SLOWEST)

    def speed_up(self) -> None:
        """Take no longer than usual."""
        self._pause = 0.0

    def submit(self, order: ot.Order, ticket: Ticket) -> None:
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

    def cancel_all(self) -> None:
        """Ask for every open order of the account to be canceled.

        Raises:
            APIError: The request failed.
            RequestException: The venue was not reached.
        """
        with self.venue.request():
            self._client.cancel_orders()

    def find(self, order: ot.Order) -> Order:
        """Return an order as the venue has it.

        Raises:
            APIError: The venue does not know it, or the request failed.
            RequestException: The venue was not reached.
        """
        with self.venue.request():
            return cast("Order", self._client.get_order_by_client_id(order.client_order_id))

    def positions(self) -> dict[str, Position]:
        """Return the broker's positions by symbol.

        Raises:
            APIError: The request failed.
            RequestException: The venue was not reached.
        """
        with self.venue.request():
            held = cast("list[AlpacaPosition]", self._client.get_all_positions())
            return {one.symbol: Position(float(one.qty), float(one.avg_entry_price)) for one in held}

    def look_at_clock(self) -> Clock:
        """Return what the venue's clock says.

        Raises:
            APIError: The request failed.
            RequestException: The venue was not reached.
        """
        with self.venue.request():
            return self._client.look_at_clock()

    def _attempt(self, order: ot.Order, ticket: Ticket) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with order.submitting() as submission, tell_when_sent(submission.sent):
                    if self._pause:
                        time.sleep(self._pause)
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


def ticket(request: OrderRequest, *, takes: bool) -> Ticket:
    """Return the request to the broker: take what the other side offers, or post at our own.

    Args:
        request: The order.
        takes: Whether to cross the spread, at whatever price that has by then.
    """
    buys = request.side == "buy"
    order = {
        "client_order_id": request.client_order_id,
        "symbol": request.symbol,
        "qty": request.quantity,
        "side": OrderSide.BUY if buys else OrderSide.SELL,
        "time_in_force": TimeInForce.DAY,
    }
    if takes:
        return MarketOrderRequest(**order)
    return LimitOrderRequest(**order, limit_price=request.bid if buys else request.ask)


def _status(error: Exception) -> int:
    """The status of the venue's answer, or 0 where there was none."""
    return int(getattr(error, "status_code", None) or 0)
