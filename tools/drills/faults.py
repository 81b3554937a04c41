"""Faults: the drills of all alerts, in rounds of faults that do not disturb each other's alerts."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from threading import Event, Thread

import requests

from tools.drills.drill import Drill, Scene, nothing
from tools.drills.running import poll_until
from tools.drills.services import Services

_LONG = 1800.0
_SERVICES = Services()


def _venue(name: str, **parameters: float) -> Callable[[Scene], None]:
    return lambda scene: scene.system.fault(name, _LONG, **parameters)


def _end(name: str) -> Callable[[Scene], None]:
    """Return a step that ends a fault of the venue, by applying it again for a millisecond."""
    return lambda scene: scene.system.fault(name, 0.001)


def _do(service: str, command: str, **parameters: float | str) -> Callable[[Scene], None]:
    return lambda scene: scene.system.do(service, command, **parameters)


def _all(*steps: Callable[[Scene], None]) -> Callable[[Scene], None]:
    def run(scene: Scene) -> None:
        for step in steps:
            step(scene)

    return run


def _signalled(service: str, number: int) -> Callable[[Scene], None]:
    return lambda scene: os.kill(scene.system.pid(service), number)


def _limited(**limits: float) -> Callable[[Scene], None]:
    """Return a step that sets limits. An order size of one share stops orders; a loss can then recover."""
    return _all(*(_do("risk-manager", "limit", name=name, value=value) for name, value in limits.items()))


def _until_recovered(scene: Scene) -> None:
    """Wait until prices have recovered; with the usual limit the kill switch would trip before that."""
    profit = 'sum({__name__=~"trading_pnl_(realized|unrealized)_USD"}) > -4000'
    poll_until("the loss has recovered", lambda: scene.stack.prometheus.query(profit))


class Flapping:
    """A position limit that changes every second."""

    def __init__(self) -> None:
        self._stopping = Event()

    def start(self, scene: Scene) -> None:
        """Change the limit in a thread until `stop`."""
        self._stopping.clear()
        self._thread = Thread(target=self._run, args=(scene,))
        self._thread.start()

    def stop(self, scene: Scene) -> None:
        """Stop the thread, and set the usual limit."""
        self._stopping.set()
        self._thread.join()
        scene.system.do("risk-manager", "limit", name="position", value=600)

    def _run(self, scene: Scene) -> None:
        for value in cycle((100, 600)):
            scene.system.do("risk-manager", "limit", name="position", value=value)
            if self._stopping.wait(1):
                return


_FLAPPING = Flapping()

P0 = [
    [
        Drill(
            "TradingCircuitBreakerTriggered",
            "P0",
            "an operator trips the kill switch",
            _do("risk-manager", "trip"),
            _do("risk-manager", "reset"),
            within=30,
            resolves_within=60,
        ),
        Drill(
            "TradingMemoryLeak",
            "P0",
            "the signal bridge grows by 1.2 GB",
            _do("signal-bridge", "grow", megabytes=1200),
            _do("signal-bridge", "shrink"),
            within=60,
            resolves_within=90,
            labels={"service_name": "signal-bridge"},
        ),
    ],
    [
        Drill(
            "TradingMaxDailyLossExceeded",
            "P0",
            "prices move 10% against the positions, and the limit is set too high",
            _all(_limited(order_size=1, daily_loss=1e9), _venue("adverse_move", bps=1000)),
            _all(_end("adverse_move"), _until_recovered, _limited(order_size=500, daily_loss=5000)),
            within=60,
            resolves_within=150,
        ),
    ],
    [
        Drill(
            "TradingMarketDataDisconnected",
            "P0",
            "the feed falls silent, its connection stays open",
            _venue("feed_silent"),
            _end("feed_silent"),
            within=60,
            resolves_within=120,
        ),
    ],
    [
        Drill(
            "TradingExecutionApiDown",
            "P0",
            "the venue answers every request with 503",
            _venue("http_5xx"),
            _end("http_5xx"),
            within=60,
            resolves_within=120,
            labels={"service_name": "execution-engine"},
        ),
    ],
    [
        Drill(
            "TradingServiceHeartbeatStale",
            "P0",
            "the signal bridge is stopped (SIGSTOP)",
            _signalled("signal-bridge", signal.SIGSTOP),
            _signalled("signal-bridge", signal.SIGCONT),
            within=60,
            resolves_within=60,
            labels={"service_name": "signal-bridge"},
        ),
        Drill(
            "TradingPositionReconciliationBreak",
            "P0",
            "a person trades on the account by hand",
            lambda scene: scene.system.trade_outside("IBM", 100, "buy"),
            lambda scene: scene.system.trade_outside("IBM", 100, "sell"),
            within=60,
            resolves_within=60,
        ),
    ],
]
"""Faults that cost money each second. Each alert must fire within a minute."""

P1 = [
    [
        Drill(
            "TradingHighOrderLatency",
            "P1",
            "the execution engine takes 20 ms longer to hand an order over",
            _do("execution-engine", "slow_orders", seconds=0.02),
            _do("execution-engine", "fast_orders"),
            within=300,
            resolves_within=300,
        ),
        Drill(
            "TradingHighSlippage",
            "P1",
            "one fill in eight is 60 bps worse than quoted",
            _venue("slippage", bps=60, share=0.13),  # with all fills the daily loss limit would trip
            _end("slippage"),
            within=300,
            resolves_within=300,
        ),
        Drill(
            "TradingRiskCheckFailures",
            "P1",
            "the position limit flaps between 100 and 600 shares",
            _FLAPPING.start,
            _FLAPPING.stop,
            within=300,
            resolves_within=300,
        ),
        Drill(
            "TradingElevatedMarketDataLatency",
            "P2",
            "each message takes 2 ms longer",
            _do("market-data", "slow_ticks", seconds=0.002),
            _do("market-data", "fast_ticks"),
            within=600,
            resolves_within=400,
        ),
    ],
    [
        Drill(
            "TradingLowFillRate",
            "P1",
            "the venue rejects every order",
            _venue("rejects"),
            _end("rejects"),
            within=300,
            resolves_within=300,
        ),
    ],
    [
        Drill(
            "TradingMLInferenceFailure",
            "P1",
            "the model raises",
            _do("signal-bridge", "fail_model"),
            _do("signal-bridge", "repair_model"),
            within=120,
            resolves_within=480,
        ),
        Drill(
            "TradingQueueBacklog",
            "P2",
            "the risk manager stops reading ticks",
            _do("risk-manager", "pause"),
            _do("risk-manager", "resume"),
            within=600,
            resolves_within=300,
        ),
    ],
]
"""Faults that cost money each minute, or need attention today. `LONG` has those of rate limits and CPU."""


def _load_slow_group(scene: Scene) -> None:
    """Load a group of rules that is due every millisecond, and takes longer than that."""
    rules = scene.stack.deployment.folder / "prometheus" / "rules" / "drill.yml"
    rule = {"record": "drill:series", "expr": 'count({job!=""})'}
    rules.write_text(json.dumps({"groups": [{"name": "drill", "interval": "1ms", "rules": [rule]}]}))
    _reload(scene)


def _remove_slow_group(scene: Scene) -> None:
    Path(scene.stack.deployment.folder / "prometheus" / "rules" / "drill.yml").unlink()
    _reload(scene)


def _reload(scene: Scene) -> None:
    requests.post(f"{scene.stack.prometheus.url}/-/reload", timeout=10).raise_for_status()


LONG = [
    [
        Drill(
            "TelemetryExporterQueueNearFull",
            "P1",
            "Jaeger is away, and the queue for it is short",
            lambda scene: scene.stack.programs.stop("jaeger"),
            lambda scene: scene.stack.programs.start("jaeger"),
            within=180,
            resolves_within=180,
            labels={"exporter": "otlp_http/jaeger"},
            is_ours=False,
            consequences=(
                Drill(
                    "TelemetryExporterDataLoss",
                    "P1",
                    "the queue for Jaeger is full",
                    nothing,
                    nothing,
                    within=240,
                    resolves_within=600,
                    is_ours=False,
                ),
            ),
        ),
        Drill(
            "AlertmanagerNotificationsFailing",
            "P0",
            "the dead-man's switch refuses notifications",
            lambda scene: scene.receiver.break_for("deadman"),
            lambda scene: scene.receiver.break_for(None),
            within=120,
            resolves_within=240,
            is_ours=False,
        ),
        Drill(
            "PrometheusRuleGroupOverrun",
            "P1",
            "a group of rules is due every millisecond",
            _load_slow_group,
            _remove_slow_group,
            within=120,
            resolves_within=180,
            is_ours=False,
        ),
        Drill(
            "TradingServiceTelemetryAbsent",
            "P0",
            "only one service of an environment was started",
            lambda scene: _SERVICES.start(scene, "lonely"),
            lambda _: _SERVICES.stop("lonely"),
            within=90,
            resolves_within=400,
            labels={"deployment_environment_name": "production", "service_name": "risk-manager"},
        ),
        Drill(
            "TradingClockDrift",
            "P1",
            "a host's clock is 200 ms ahead of NTP",
            lambda scene: _SERVICES.start(scene, "drifting"),
            lambda _: _SERVICES.stop("drifting"),
            within=120,
            resolves_within=400,
        ),
        Drill(
            "TelemetryCardinalityOverflow",
            "P2",
            "a service has a label with 3,000 values",
            lambda scene: _SERVICES.start(scene, "exploding"),
            lambda _: _SERVICES.stop("exploding"),
            within=240,
            resolves_within=480,
        ),
        Drill(
            "TradingApiRateLimitHit",
            "P1",
            "the venue answers three of four requests with 429",
            _venue("http_429", share=0.75),
            _end("http_429"),
            within=120,
            resolves_within=480,
            labels={"service_name": "execution-engine"},
            consequences=(
                Drill(
                    "TradingRetryEscalation",
                    "P2",
                    "orders need their third attempt",
                    nothing,
                    nothing,
                    within=400,
                    resolves_within=300,
                ),
            ),
        ),
        Drill(
            "TradingHighCpuUsage",
            "P2",
            "the signal bridge burns a core",
            _do("signal-bridge", "spin"),
            _do("signal-bridge", "rest"),
            within=600,
            resolves_within=300,
            labels={"service_name": "signal-bridge"},
        ),
    ],
]
"""Faults of the monitoring itself, and faults that last for minutes, all in one round."""
