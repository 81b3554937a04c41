"""Signal bridge: compute features of each tick, run the model, and send a signal if it decides to trade.

The how-to of `ot.Model`, and of `ot.Channel`, which continues the trace of the tick.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from functools import partial
from time import monotonic

import zmq

import otel_trading as ot
from trading_system.drill import Drill
from trading_system.messages import Signal, Tick, pack, unpack
from trading_system.model import Classifier, Features, train
from trading_system.service import Context, connect, messages, run
from trading_system.settings import SystemSettings

STRATEGY = "momentum"
COOLDOWN = 0.3
"""The least number of seconds between two signals of a symbol."""

_log = logging.getLogger(__name__)


class SignalBridge:
    """Turns ticks into signals."""

    def __init__(self, settings: SystemSettings, classifier: Classifier) -> None:
        self.classifier = classifier
        self._features = {symbol: Features() for symbol in settings.symbols}
        self._last: dict[str, float] = dict.fromkeys(settings.symbols, 0.0)
        self._model = ot.Model("logistic-1", strategy=STRATEGY, feature_set="top-of-book-1")

    def on_tick(self, tick: Tick) -> Signal | None:
        """Return the signal for a tick, or None."""
        try:
            return self._generate(tick)
        except ValueError as error:
            _log.warning("no signal for %s: %s", tick.symbol, error)
            return None

    def _generate(self, tick: Tick) -> Signal | None:
        with self._model.generate() as signal:
            with self._model.features():
                features = self._features[tick.symbol].update(tick)
            if features is None:
                return None
            with self._model.inference():
                p = self.classifier.predict(features)
            signal.direction = self._decide(tick.symbol, p)
            if signal.direction == "hold":
                return None
        strength = abs(p - 0.5) * 2
        return Signal(tick.symbol, signal.direction, strength, tick.mid, tick.received_ns)

    def _decide(self, symbol: str, p: float) -> str:
        if self.classifier.sell_below < p < self.classifier.buy_above:
            return "hold"
        if monotonic() - self._last[symbol] < COOLDOWN:
            return "hold"
        self._last[symbol] = monotonic()
        return "buy" if p >= self.classifier.buy_above else "sell"


async def work(settings: SystemSettings, context: Context, drill: Drill) -> None:
    """Turn ticks into signals until cancelled."""
    classifier = await asyncio.to_thread(train, settings.seed + 1)
    bridge = SignalBridge(settings, classifier)
    drill.offer(
        fail_model=partial(setattr, bridge, "classifier", classifier.misfit()),
        repair_model=partial(setattr, bridge, "classifier", classifier),
    )
    ticks, signals = ot.Channel("ticks"), ot.Channel("signals")
    incoming = connect(context, zmq.SUB, settings.ticks_url)
    outgoing = connect(context, zmq.PUSH, settings.signals_url)
    incoming.subscribe(b"")
    _log.info("ready")
    async for frames in messages(incoming, ticks):
        with ticks.process(frames) as (_, body):
            signal = bridge.on_tick(Tick(*unpack(body)))
            if signal is not None:
                with signals.send([pack(signal)]) as sent:
                    await outgoing.send_multipart(sent)


if __name__ == "__main__":
    sys.exit(run("signal-bridge", work))
