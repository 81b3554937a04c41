"""Limits: what an order must not exceed, and how much of each is used."""

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


class Rule(NamedTuple):
    """One pre-trade check.

    Attributes:
        check_type: As `ot.RiskGate.check` names it.
        reject_reason: FIX 103 OrdRejReason in words, for an order that fails.
        refuse: Returns why the order is refused, or an empty string.
    """

    check_type: str
    reject_reason: str
    refuse: Callable[[OrderRequest], str]


class RiskRules:
    """The checks of one account.

    Args:
        limits: What is allowed.
        account: What is held.
    """

    def __init__(self, limits: Limits, account: Account) -> None:
        self.limits = limits
        self._account = account
        self._sent: deque[float] = deque(maxlen=limits.orders_per_second)
        self.rules = (
            Rule("restricted_symbol", "broker_option", self._restricted),
            Rule("order_size", "order_exceeds_limit", self._order_size),
            Rule("price_band", "price_exceeds_band", self._price_band),
            Rule("order_rate", "throttled", self._order_rate),
            Rule("position", "order_exceeds_limit", self._position),
            Rule("gross_exposure", "order_exceeds_limit", self._gross_exposure),
            Rule("daily_loss", "broker_option", self._daily_loss),
        )

    def sent(self) -> None:
        """Note that an order was passed on."""
        self._sent.append(monotonic())

    @property
    def sent_in_last_second(self) -> int:
        """How many orders were passed on in the last second."""
        since = monotonic() - 1
        return sum(moment > since for moment in self._sent)

    @property
    def largest_position(self) -> float:
        """The largest position of any symbol, long or short, orders on their way included, in shares."""
        return max((abs(self._account.expected(s)) for s in self._account.positions), default=0.0)

    def _restricted(self, order: OrderRequest) -> str:
        return f"{order.symbol} is restricted" if order.symbol in self.limits.restricted else ""

    def _order_size(self, order: OrderRequest) -> str:
        return f"above {self.limits.order_size} shares" if order.quantity > self.limits.order_size else ""

    def _price_band(self, order: OrderRequest) -> str:
        distance = abs(order.mid / order.decision_price - 1)
        return f"{distance:.1%} from the decision" if distance > self.limits.price_band else ""

    def _order_rate(self, order: OrderRequest) -> str:  # noqa: ARG002 - every rule is called alike
        allowed = self.limits.orders_per_second
        return f"above {allowed} orders a second" if self.sent_in_last_second >= allowed else ""

    def _position(self, order: OrderRequest) -> str:
        after = abs(self._account.expected(order.symbol) + order.signed_quantity)
        reduces = after < abs(self._account.expected(order.symbol))
        exceeds = after > self.limits.position and not reduces
        return f"{after:.0f} shares, above {self.limits.position}" if exceeds else ""

    def _gross_exposure(self, order: OrderRequest) -> str:
        after = self._account.gross + order.quantity * order.mid
        limit = self.limits.gross_exposure
        return f"{after:.0f} USD, above {limit:.0f}" if after > limit else ""

    def _daily_loss(self, order: OrderRequest) -> str:  # noqa: ARG002
        loss = -self._account.profit
        return f"{loss:.0f} USD lost" if loss >= self.limits.daily_loss else ""
