"""Testing: capture the telemetry of a test in memory, with ids that count up and a clock that ticks.

With pytest, the fixture `telemetry` is available once the package is installed:

```python
from otel_trading import Order

class MarketMaker:
    \"\"\"Buys at the bid, once.\"\"\"

    def on_quote(self, bid: float) -> None:
        order = Order("c-1", venue="XNAS", type="limit", side="buy", quantity=100, strategy="mm")
        order.submitted()
        order.acknowledged()
        order.filled(quantity=100, price=bid)

def test_that_a_quote_is_traded_once(telemetry):
    MarketMaker().on_quote(bid=182.10)
    assert telemetry.metric("order_submitted", venue_name="XNAS", order_type="limit", strategy_name="mm") == 1
    assert [event.name for event in telemetry.events("trading.order.filled")] == ["trading.order.filled"]
    assert [span.name for span in telemetry.spans if span.parent is None] == ["order limit"]
```

Without pytest, `with capture() as telemetry:` does the same.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from otel_trading import _closing, _losses, logs, pipeline, recording, tracing
from otel_trading.errors import ConfigurationError
from otel_trading.testing.captured import CapturedEvent, CapturedHistogram, CapturedLog, CapturedSpan
from otel_trading.testing.clock import Clock
from otel_trading.testing.telemetry import CapturedTelemetry

__all__ = [
    "CapturedEvent",
    "CapturedHistogram",
    "CapturedLog",
    "CapturedSpan",
    "CapturedTelemetry",
    "Clock",
    "capture",
]

_VERSION: Final = "test"
_REAL_TIME: Final = ("otel_trading.pipeline", "otel_trading.ops", "otel_trading.testing")
"""Packages that read the real time during a test."""


@contextmanager
def capture() -> Iterator[CapturedTelemetry]:
    """Capture the telemetry of the block; OpenTelemetry's global providers stay unchanged.

    Yields:
        The captured telemetry, which can be read at any time, also after the block.

    Raises:
        ConfigurationError: `configure` was called and not shut down.
    """
    if pipeline.is_running():
        raise ConfigurationError(
            "capture() was called while telemetry runs: call shutdown() first, on the result of configure()."
        )
    telemetry = CapturedTelemetry()
    _closing.run()  # close the orders that an earlier test left open
    _losses.reset()
    with ExitStack() as undo:
        _replace_clocks(telemetry.clock, undo)
        tracing.attach(telemetry.tracer_provider, _VERSION, telemetry.logger_provider)
        undo.callback(tracing.detach)
        logs.attach(telemetry.logger_provider, _VERSION)
        undo.callback(logs.detach)
        recording.attach(telemetry.meter_provider, _VERSION)
        undo.callback(recording.detach)
        _capture_logging(undo)
        try:
            yield telemetry
        finally:
            _closing.run()
            telemetry.keep_metrics()


def _capture_logging(undo: ExitStack) -> None:
    root, handler = logging.getLogger(), logs.StdlibHandler()
    undo.callback(root.setLevel, root.level)
    undo.callback(root.removeHandler, handler)
    root.setLevel(min(root.level or logging.INFO, logging.INFO))
    root.addHandler(handler)


def _replace_clocks(clock: Clock, undo: ExitStack) -> None:
    """Replace the clocks of our own modules by `clock`; the rest of the process reads the real time."""
    clocks = ((time.perf_counter, clock.perf_counter), (time.time_ns, clock.time_ns), (time.time, clock.time))
    for name, module in list(sys.modules.items()):
        if name.startswith("otel_trading.") and not name.startswith(_REAL_TIME):
            for real, ours in clocks:
                if vars(module).get(real.__name__) is real:
                    setattr(module, real.__name__, ours)
                    undo.callback(setattr, module, real.__name__, real)
