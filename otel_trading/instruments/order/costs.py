"""The cost of executions, against the price when the order was decided or when it arrived.

All results are in basis points (1 bps = 0.01 %), and positive when the price moved against the order.
"""

from __future__ import annotations

from typing import Final, NamedTuple

_BPS: Final = 1e4

SIGNS: Final = {"buy": 1, "sell": -1, "sell_short": -1}
"""The sign of a side (FIX 54): a higher price is a cost for a buyer, a gain for a seller."""


def slippage(sign: int, price: float, arrival_price: float) -> float:
    """Return sign * (price - arrival price) / |arrival price|, in bps.

    The arrival price is the mid of the best quote when the order arrived at the trading system
    (R. Kissell, The Science of Algorithmic Trading and Portfolio Management, 2013, ch. 3: arrival cost).

    Args:
        sign: 1 or -1, from `SIGNS`.
        price: The price of the execution (FIX 31 LastPx).
        arrival_price: The mid of the quote at arrival, not zero.
    """
    return sign * (price - arrival_price) / abs(arrival_price) * _BPS


class Executed(NamedTuple):
    """The sum of an order's fills whose price is known."""

    quantity: float = 0.0
    cost: float = 0.0
    """The sum of quantity * price."""
    fees: float = 0.0

    def plus(self, quantity: float, price: float, fees: float) -> Executed:
        """Return the sum with one more fill."""
        return Executed(self.quantity + quantity, self.cost + quantity * price, self.fees + fees)

    @property
    def average_price(self) -> float | None:
        """The average price (FIX 6 AvgPx), or None before the first fill."""
        return self.cost / self.quantity if self.quantity else None


def implementation_shortfall(
    sign: int, executed: Executed, unfilled: float, decision_price: float, last_price: float | None
) -> float | None:
    """Return the implementation shortfall of a completed order, in bps of its paper notional.

    The shortfall is the return of a paper portfolio, filled at once at the decision price, minus the return
    of the real one (A. Perold, The Implementation Shortfall: Paper versus Reality, Journal of Portfolio
    Management 14(3), 1988).

        sign * (cost - executed * decision)       cost of the fills
        + sign * unfilled * (last - decision)     opportunity cost of the unfilled quantity
        + fees
        over (executed + unfilled) * |decision|   notional of the paper portfolio

    Without a last price the opportunity cost is unknown. Then the shortfall covers the executed quantity
    only: `unfilled` counts as 0 in the numerator and in the denominator.

    Args:
        sign: 1 or -1, from `SIGNS`.
        executed: The fills.
        unfilled: The quantity that was not filled when the order ended.
        decision_price: Mid of the quote when the strategy decided, not zero.
        last_price: Mid of the quote when the order ended, or None if it is unknown.

    Returns:
        The shortfall, or None if the paper portfolio has no notional.
    """
    missed = unfilled if last_price is not None else 0.0
    opportunity = sign * missed * (last_price - decision_price) if last_price is not None else 0.0
    paper = (executed.quantity + missed) * abs(decision_price)
    if paper <= 0:
        return None
    paid = sign * (executed.cost - executed.quantity * decision_price)
    return (paid + opportunity + executed.fees) / paper * _BPS
