"""Limits: the pre-trade checks of an order, and the used part of each limit."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import NamedTuple

from trading_system.messages import OrderRequest
from trading_system.positions import Account


@dataclass(frozen=True)
class Limits:
    """The limits of one strategy, in shares and USD."""

    order_size: int = 500
    position: int = 600
    gross_exposure: float = 500_000.0
    daily_loss: float = 5_000.0
    orders_per_second: int = 20
    price_band: float = 0.02
    restricted: frozenset[str] = field(default_factory=lambda: frozenset({"GME"}))


class PreTradeRule(NamedTuple):
    """One pre-trade check.

    Attributes:
        check_type: The name of the check in `ot.RiskGate.check`.
        reject_reason: FIX OrdRejReason (tag 103) in words, for an order that fails the check.
        refuse: Returns the reason to refuse an order, or an empty string to let it pass.
    """

    check_type: str
    reject_reason: str
    refuse: Callable[[OrderRequest], str]


class RiskRules:
    """The checks of one account.

    Args:
        limits: The limits in force.
        account: The positions that count towards the limits.
    """

    def __init__(self, limits: Limits, account: Account) -> None:
        self.limits = limits
        self._account = account
        self._sent: deque[float] = deque(maxlen=limits.orders_per_second)
        self.rules = (
            PreTradeRule("restricted_symbol", "broker_option", self._restricted),
            PreTradeRule("order_size", "order_exceeds_limit", self._order_size),
            PreTradeRule("price_band", "price_exceeds_band", self._price_band),
            PreTradeRule("order_rate", "throttled", self._order_rate),
            PreTradeRule("position", "order_exceeds_limit", self._position),
            PreTradeRule("gross_exposure", "order_exceeds_limit", self._gross_exposure),
            PreTradeRule("daily_loss", "broker_option", self._daily_loss),
        )

    def sent(self) -> None:
        """Record that an order was sent on."""
        self._sent.append(monotonic())

    @property
    def sent_in_last_second(self) -> int:
        """The number of orders sent on in the last second."""
        since = monotonic() - 1
        return sum(moment > since for moment in self._sent)

    @property
    def largest_position(self) -> float:
        """The largest position of any symbol in shares, long or short, with orders in flight included."""
        return max((abs(self._account.expected(s)) for s in self._account.positions), default=0.0)

    def _restricted(self, order: OrderRequest) -> str:
        return f"{order.symbol} is restricted" if order.symbol in self.limits.restricted else ""

    def _order_size(self, order: OrderRequest) -> str:
        return f"above {self.limits.order_size} shares" if order.quantity > self.limits.order_size else ""

    def _price_band(self, order: OrderRequest) -> str:
        distance = abs(order.mid / order.decision_price - 1)
        return f"{distance:.1%} from the decision" if distance > self.limits.price_band else ""

    def _order_rate(self, order: OrderRequest) -> str:  # noqa: ARG002 - every rule has the same signature
        allowed = self.limits.orders_per_second
        return f"above {allowed} orders a second" if self.sent_in_last_second >= allowed else ""

    def _position(self, order: OrderRequest) -> str:
        after = abs(self._account.expected(order.symbol) + order.signed_quantity)
        # An order that reduces the position passes even above the limit, so that the position can shrink.
        reduces = after < abs(self._account.expected(order.symbol))
        exceeds = after > self.limits.position and not reduces
        return f"{after:.0f} shares, above {self.limits.position}" if exceeds else ""

    def _gross_exposure(self, order: OrderRequest) -> str:
        after = self._account.gross + order.quantity * order.mid
        limit = self.limits.gross_exposure
        return f"{after:.0f} USD, above {limit:.0f}" if after > limit else ""

    def _daily_loss(self, order: OrderRequest) -> str:  # noqa: ARG002 - every rule has the same signature
        loss = -self._account.profit
        return f"{loss:.0f} USD lost" if loss >= self.limits.daily_loss else ""
