"""Asset: a stock that the venue lists."""

from typing import NamedTuple
from uuid import NAMESPACE_DNS, UUID, uuid5


class Asset(NamedTuple):
    """A listed stock.

    Args:
        symbol: The ticker.
        exchange: The primary exchange, in the broker's spelling.
        tape: The consolidated tape that carries the stock: A for NYSE, C for NASDAQ.
    """

    symbol: str
    exchange: str
    tape: str

    @property
    def id(self) -> UUID:
        """The id, which is the same in every run, like the broker's ids."""
        return uuid5(NAMESPACE_DNS, f"{self.symbol}.assets.venue")


_NASDAQ = {"AAPL", "MSFT", "AMZN", "GOOG", "GOOGL", "META", "NVDA", "TSLA"}


def listing(symbol: str) -> Asset:
    """Return the asset of a symbol; symbols that are not in `_NASDAQ` count as listed on NYSE.

    Args:
        symbol: A ticker in capitals.

    Returns:
        The asset.
    """
    return Asset(symbol, "NASDAQ", "C") if symbol in _NASDAQ else Asset(symbol, "NYSE", "A")
