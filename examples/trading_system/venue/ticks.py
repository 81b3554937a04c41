"""Tick: one quote or one trade of a symbol from the market.

Prices are integers in ten-thousandths of a dollar, the unit of LEAN's files: 182.10 USD is 1_821_000.
Integers keep the book exact, so that no comparison of two prices depends on rounding.
"""

from typing import NamedTuple

PRICE_SCALE = 10_000
CENT = 100


class Quote(NamedTuple):
    """The best bid and ask of one exchange; the quote does not state a side with price 0."""

    symbol: str
    bid_price: int
    bid_size: int
    bid_exchange: str
    ask_price: int
    ask_size: int
    ask_exchange: str
    conditions: tuple[str, ...]


class Trade(NamedTuple):
    """A trade between other participants of the market."""

    symbol: str
    price: int
    size: int
    exchange: str
    conditions: tuple[str, ...]


Tick = Quote | Trade


def moved(tick: Tick, by: int) -> Tick:
    """Move each stated price of a tick, but not below one cent.

    Args:
        tick: A quote or a trade.
        by: The move in ten-thousandths of a dollar; negative is down.

    Returns:
        The tick with its new prices.
    """
    names = ("bid_price", "ask_price") if isinstance(tick, Quote) else ("price",)
    prices = {name: getattr(tick, name) for name in names}
    return tick._replace(**{name: max(CENT, price + by) for name, price in prices.items() if price})


def dollars(value: int) -> str:
    """Format ten-thousandths of a dollar as the decimal text of the broker's JSON.

    Args:
        value: Money in ten-thousandths of a dollar.

    Returns:
        The amount in USD, without trailing zeros.
    """
    whole, rest = divmod(abs(value), PRICE_SCALE)
    sign = "-" if value < 0 else ""
    return f"{sign}{whole}.{rest:04d}".rstrip("0").rstrip(".")
