"""Asset: what the venue lists."""

from typing import NamedTuple
from uuid import NAMESPACE_DNS, UUID, uuid5


class Asset(NamedTuple):
    """A listed stock.

    Args:
        symbol: Its ticker.
        exchange: Its primary exchange, in the broker's spelling.
        tape: The consolidated tape that carries it: A for NYSE, C for NASDAQ.
    """

    symbol: str
    exchange: str
    tape: str

    @property
    def id(self) -> UUID:
        """The same for every run, as the broker's are."""
        return uuid5(NAMESPACE_DNS, f"{self.symbol}.assets.venue")


_NASDAQ = {"AAPL", "MSFT", "AMZN", "GOOG", "GOOGL", "META", "NVDA", "TSLA"}


def listing(symbol: str) -> Asset:
    """Describe a symbol; what is not known to be on NASDAQ is on NYSE.

    Args:
        symbol: A ticker in capitals.

    Returns:
        Its asset.
    """
    return Asset(symbol, "NASDAQ", "C") if symbol in _NASDAQ else Asset(symbol, "NYSE", "A")
