"""Market: simulate ticks if none are replayed. The same seed gives the same ticks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random

from trading_system.venue.ticks import CENT, Quote, Tick, Trade

EXCHANGES = "NQPZ"
BASE_PRICES = {"IBM": 182.0, "AAPL": 195.0, "MSFT": 415.0}
TRADE_SHARE = 0.2
ONE_SIDED_SHARE = 0.01
ODD_LOT_SHARE = 0.1

# In dollars per tick. The drift is autocorrelated, so that a model has something to learn. The pull towards
# the base price keeps a session of several hours within a few per cent.
NOISE = 0.004
DRIFT_MEMORY = 0.95
DRIFT_NOISE = 0.001
PULL = 0.0002


@dataclass(slots=True)
class _Walk:
    """The random walk of one symbol's mid price, in dollars."""

    symbol: str
    base: float
    mid: float
    drift: float = 0.0

    def step(self, rng: Random) -> None:
        self.drift = DRIFT_MEMORY * self.drift + rng.gauss(0, DRIFT_NOISE)
        self.mid += self.drift + rng.gauss(0, NOISE) + PULL * (self.base - self.mid)

    def touch(self, half_spread: int) -> tuple[int, int]:
        """Return bid and ask on the grid of cents, in ten-thousandths of a dollar."""
        cents = round(self.mid * 100)
        return (cents - half_spread) * CENT, (cents + half_spread) * CENT


def simulate(symbols: Sequence[str], *, seed: int, rate: float) -> Iterator[tuple[float, Tick]]:
    """Yield ticks without end.

    Args:
        symbols: The symbols of the market.
        seed: The same seed gives the same ticks.
        rate: Ticks per second, all symbols together.

    Yields:
        The seconds since the market's start, and the tick.
    """
    rng = Random(seed)
    walks = [_walk(symbol, rng) for symbol in symbols]
    for number in count():
        walk = rng.choice(walks)
        walk.step(rng)
        tick = _trade(walk, rng) if rng.random() < TRADE_SHARE else _quote(walk, rng)
        yield number / rate, tick


def _walk(symbol: str, rng: Random) -> _Walk:
    base = BASE_PRICES.get(symbol) or round(rng.uniform(40, 400), 2)
    return _Walk(symbol, base, base)


def _quote(walk: _Walk, rng: Random) -> Quote:
    exchange = rng.choice(EXCHANGES)
    bid, ask = walk.touch(rng.choice((1, 1, 2)))
    bid_size, ask_size = 100 * rng.randint(1, 8), 100 * rng.randint(1, 8)
    whole = Quote(walk.symbol, bid, bid_size, exchange, ask, ask_size, exchange, ("R",))
    if rng.random() >= ONE_SIDED_SHARE:
        return whole
    if rng.random() < 0.5:
        return whole._replace(bid_price=0, bid_size=0, bid_exchange="")
    return whole._replace(ask_price=0, ask_size=0, ask_exchange="")


def _trade(walk: _Walk, rng: Random) -> Trade:
    price = rng.choice(walk.touch(1))
    if rng.random() < ODD_LOT_SHARE:
        return Trade(walk.symbol, price, rng.randint(1, 99), rng.choice(EXCHANGES), ("@", "I"))
    return Trade(walk.symbol, price, 100 * rng.randint(1, 4), rng.choice(EXCHANGES), ("@",))
