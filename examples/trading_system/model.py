"""Model: features of the quotes, and a logistic regression that estimates the probability of a rising price.

The service trains it at its start, on ticks of a simulated market with another seed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from copy import copy
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from trading_system.messages import Tick
from trading_system.venue.market import simulate
from trading_system.venue.ticks import PRICE_SCALE, Quote

Vector = NDArray[np.float64]

FEATURES = ("imbalance", "spread_bps", "momentum_bps", "volatility_bps")
_WINDOW = 32
_HORIZON = 16
_TRAINING_TICKS = 12_000
_BPS = 10_000


class Features:
    """The features of one symbol, over its last quotes."""

    def __init__(self) -> None:
        self._mids: deque[float] = deque(maxlen=_WINDOW)

    def update(self, tick: Tick) -> Vector | None:
        """Add a quote.

        Returns:
            The features, in the order of `FEATURES`; None before there are enough quotes, or for a one-sided
            quote.
        """
        if not tick.bid or not tick.ask:
            return None
        self._mids.append(tick.mid)
        if len(self._mids) < _WINDOW:
            return None
        mids = np.array(self._mids)
        moves = np.diff(np.log(mids)) * _BPS
        imbalance = (tick.bid_size - tick.ask_size) / max(tick.bid_size + tick.ask_size, 1)
        spread = (tick.ask - tick.bid) / tick.mid * _BPS
        return np.array([imbalance, spread, moves.sum(), moves.std()])


class Classifier:
    """A logistic regression.

    Args:
        inputs: Features, one row per quote, shape (n, 4).
        rises: 1 for each quote after which the mid rose, else 0, shape (n,).
    """

    def __init__(self, inputs: Vector, rises: Vector) -> None:
        self._mean, self._scale = inputs.mean(axis=0), inputs.std(axis=0) + 1e-9
        self._weights = _fit(self._standardized(inputs), rises)
        scores = self._probability(inputs)
        self.sell_below, self.buy_above = (float(q) for q in np.quantile(scores, (0.15, 0.85)))

    def predict(self, features: Vector) -> float:
        """Return the probability that the price rises.

        Args:
            features: The result of `Features.update`, shape (4,).

        Raises:
            ValueError: The quote is crossed; the training data had no crossed quote.
        """
        if features[1] < 0:
            raise ValueError("the quote is crossed")
        return float(self._probability(features[np.newaxis])[0])

    def misfit(self) -> Classifier:
        """Return a copy with one weight too few, whose `predict` raises a ValueError; for a drill."""
        other = copy(self)
        other._weights = self._weights[:-1]
        return other

    def _standardized(self, inputs: Vector) -> Vector:
        clipped = np.clip((inputs - self._mean) / self._scale, -4, 4)
        return np.column_stack([np.ones(len(clipped)), clipped])

    def _probability(self, inputs: Vector) -> Vector:
        return _logistic(self._standardized(inputs) @ self._weights)


def train(seed: int) -> Classifier:
    """Train on the simulated market.

    Args:
        seed: The seed of the market. Use another one than the venue's, so that the model has not seen its
            ticks.
    """
    ticks = islice(_quotes(seed), _TRAINING_TICKS)
    features, rows, mids = Features(), [], []
    for tick in ticks:
        row = features.update(tick)
        if row is not None:
            rows.append(row)
            mids.append(tick.mid)
    rises = np.array(mids[_HORIZON:]) > np.array(mids[:-_HORIZON])
    return Classifier(np.array(rows[:-_HORIZON]), rises.astype(np.float64))


def _fit(inputs: Vector, targets: Vector, steps: int = 8) -> Vector:
    """Fit the weights by Newton's method; a small ridge keeps it from diverging."""
    weights = np.zeros(inputs.shape[1])
    ridge = 1e-3 * np.eye(inputs.shape[1])
    for _ in range(steps):
        p = _logistic(inputs @ weights)
        gradient = inputs.T @ (targets - p) - ridge @ weights
        hessian = (inputs * (p * (1 - p))[:, np.newaxis]).T @ inputs + ridge
        weights += np.linalg.solve(hessian, gradient)
    return weights


def _logistic(x: Vector) -> Vector:
    return 1 / (1 + np.exp(-x))


def _quotes(seed: int) -> Iterator[Tick]:
    for _, tick in simulate(["IBM"], seed=seed, rate=1):
        if isinstance(tick, Quote):
            bid, ask = tick.bid_price / PRICE_SCALE, tick.ask_price / PRICE_SCALE
            yield Tick(tick.symbol, bid, tick.bid_size, ask, tick.ask_size, 0)
