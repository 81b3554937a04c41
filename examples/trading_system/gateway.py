"""Gateway: requests to the venue through the broker's own client. They block, so call them from a thread.

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
from alpaca.trading.models import Order as AlpacaOrder
from alpaca.trading.models import Position as AlpacaPosition
from alpaca.trading.requests import LimitOrderRequest, MarketOrderRequest
from requests import RequestException

import otel_trading as ot
from trading_system.drill import within
from trading_system.handover import NotifyingAdapter, notify_when_sent
from trading_system.messages import OrderRequest
from trading_system.positions import Position
from trading_system.service import VENUE
from trading_system.settings import SystemSettings

TIMEOUT = 5.0
ATTEMPTS = 4
FIRST_PAUSE = 0.05
"""Seconds before the second attempt; each further pause is twice as long."""

SLOWEST = 1.0
"""Seconds that a drill may add to the submission of an order."""

_RETRIED = frozenset({429, 500, 502, 503, 504})
_REJECT_REASONS = {403: "insufficient_funds", 422: "broker_option"}

RequestError = (APIError, RequestException)
"""The exceptions of the broker's client."""

Ticket = LimitOrderRequest | MarketOrderRequest


class VenueClock(NamedTuple):
    """An answer of the venue's clock.

    Attributes:
        ahead: How far our clock is ahead of the venue's, in seconds, accurate to half a round trip.
        is_open: Whether the market is open.
    """

    ahead: float
    is_open: bool


class Client(TradingClient):
    """The broker's client with a timeout: it would wait forever for a venue that accepts and stays silent."""

    def __init__(self, settings: SystemSettings) -> None:
        super().__init__(settings.key_id, settings.secret_key, url_override=settings.venue_url)
        self._session.mount(settings.venue_url, NotifyingAdapter())
        self._retry = 0  # its own retries are seconds apart and are not counted
        self._session.trust_env = False  # else requests reads proxies and .netrc again for each order

    def read_clock(self) -> VenueClock:
        """Return an answer of the venue's clock.

        Raises:
            APIError: The request failed.
            RequestException: The venue could not be reached.
        """
        # The venue read its clock at some time between the two readings of ours, so their mean is the best
        # guess.
        before = time.time()
        answer = cast("AlpacaClock", self.get_clock())
        return VenueClock((before + time.time()) / 2 - answer.timestamp.timestamp(), answer.is_open)

    def _one_request(self, method: str, url: str, opts: dict[str, Any], retry: int) -> Any:
        return super()._one_request(method, url, {**opts, "timeout": TIMEOUT}, retry)


class Gateway:
    """The requests to the venue, each with its telemetry."""

    def __init__(self, settings: SystemSettings) -> None:
        self.venue = ot.Venue(VENUE, address=urlsplit(settings.venue_url).hostname or VENUE)
        self._client = Client(settings)
        self._pause = 0.0

    def slow_down(self, seconds: float) -> None:
        """Add this many seconds to the submission of each order; for a drill."""
        self._pause = within("seconds", seconds, SLOWEST)

    def speed_up(self) -> None:
        """Submit orders without the pause again."""
        self._pause = 0.0

    def submit(self, order: ot.Order, ticket: Ticket) -> None:
        """Submit an order, with retries; record a rejection if it fails.

        The client order id (FIX ClOrdID, tag 11) makes a retry safe: the venue accepts each id only once.

        Args:
            order: The order's telemetry.
            ticket: The request to the broker.

        Raises:
            APIError: The venue did not accept the order.
            RequestException: The venue could not be reached.
        """
        # One `request` around all attempts: an attempt that a retry repairs does not count as a failure.
        try:
            with self.venue.request():
                self._attempt(order, ticket)
        except RequestError as error:
            status = _status(error)
            order.rejected(_REJECT_REASONS.get(status, "broker_option"), "venue" if status else "gateway")
            raise

    def cancel(self, order: ot.Order, venue_order_id: UUID) -> None:
        """Request the cancellation of an order; a trade update reports whether the venue canceled it.

        Raises:
            APIError: The order has already ended, or the request failed.
            RequestException: The venue could not be reached.
        """
        with self.venue.request():
            order.cancel_requested()
            self._client.cancel_order_by_id(venue_order_id)

    def cancel_all(self) -> None:
        """Request the cancellation of every open order of the account.

        Raises:
            APIError: The request failed.
            RequestException: The venue could not be reached.
        """
        with self.venue.request():
            self._client.cancel_orders()

    def find(self, order: ot.Order) -> AlpacaOrder:
        """Return the venue's record of an order.

        Raises:
            APIError: The venue does not know it, or the request failed.
            RequestException: The venue could not be reached.
        """
        with self.venue.request():
            return cast("AlpacaOrder", self._client.get_order_by_client_id(order.client_order_id))

    def positions(self) -> dict[str, Position]:
        """Return the broker's positions by symbol.

        Raises:
            APIError: The request failed.
            RequestException: The venue could not be reached.
        """
        with self.venue.request():
            held = cast("list[AlpacaPosition]", self._client.get_all_positions())
            return {one.symbol: Position(float(one.qty), float(one.avg_entry_price)) for one in held}

    def read_clock(self) -> VenueClock:
        """Return an answer of the venue's clock.

        Raises:
            APIError: The request failed.
            RequestException: The venue could not be reached.
        """
        with self.venue.request():
            return self._client.read_clock()

    def _attempt(self, order: ot.Order, ticket: Ticket) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with order.submitting() as submission, notify_when_sent(submission.sent):
                    if self._pause:
                        time.sleep(self._pause)
                    self._client.submit_order(ticket)
            except RequestError as error:  # noqa: PERF203 - an attempt takes milliseconds
                # Without an answer the order may still have arrived. Sending it again would fail as a
                # duplicate and count a working order as rejected, so ask for it first.
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
        """Return whether the venue knows an order although its answer was lost."""
        try:
            return bool(self.find(order))
        except RequestError:
            return False


def ticket(request: OrderRequest, *, takes: bool) -> Ticket:
    """Return the broker's request for a market order, or for a limit order at our own side.

    Args:
        request: The order.
        takes: Whether to cross the spread with a market order, at the price it then gets.
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
    """Return the HTTP status of the venue's answer, or 0 if no answer came."""
    return int(getattr(error, "status_code", None) or 0)
