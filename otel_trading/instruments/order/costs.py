"""What an execution cost, against the price at hand when the order was decided or arrived.

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
        price: Of the execution (FIX 31 LastPx).
        arrival_price: Not zero.
    """
    return sign * (price - arrival_price) / abs(arrival_price) * _BPS


class Executed(NamedTuple):
    """What of an order was executed at a known price, added up over its fills."""

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

    A. Perold, The Implementation Shortfall: Paper versus Reality, Journal of Portfolio Management 14(3),
    1988: what a paper portfolio that is filled at once at the decision price earns more than the real one.

        sign * (cost - executed * decision)       what the fills cost
        + sign * unfilled * (last - decision)     opportunity: what was not filled
        + fees
        over (executed + unfilled) * |decision|   the paper notional

    Without a last price the opportunity is unknown, and the shortfall is that of the executed part alone:
    `unfilled` is taken as 0 in the numerator and in the denominator.

    Args:
        sign: 1 or -1, from `SIGNS`.
        executed: The fills.
        unfilled: The quantity that was not filled when the order ended.
        decision_price: Mid of the quote when the strategy decided; not zero.
        last_price: Mid of the quote when the order ended, or None if it is unknown.

    Returns:
        The shortfall, or None where there is nothing to judge.
    """
    missed = unfilled if last_price is not None else 0.0
    opportunity = sign * missed * (last_price - decision_price) if last_price is not None else 0.0
    paper = (executed.quantity + missed) * abs(decision_price)
    if paper <= 0:
        return None
    paid = sign * (executed.cost - executed.quantity * decision_price)
    return (paid + opportunity + executed.fees) / paper * _BPS
