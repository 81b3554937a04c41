"""Faults: each alert's own, put in force for real, in rounds of what can overlap without being mistaken."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from threading import Event, Thread

import requests

from tests.drills.drill import Drill, Scene, nothing
from tests.drills.services import Services
from tests.stack.running import poll_until

_LONG = 1800.0
_SERVICES = Services()


def _venue(name: str, **parameters: float) -> Callable[[Scene], None]:
    return lambda scene: scene.system.fault(name, _LONG, **parameters)


def _over(name: str) -> Callable[[Scene], None]:
    """The venue ends a fault by its name when it is put in force for no time worth speaking of."""
    return lambda scene: scene.system.fault(name, 0.001)


def _told(service: str, what: str, **parameters: float | str) -> Callable[[Scene], None]:
    return lambda scene: scene.system.do(service, what, **parameters)


def _all(*steps: Callable[[Scene], None]) -> Callable[[Scene], None]:
    def run(scene: Scene) -> None:
        for step in steps:
            step(scene)

    return run


def _signalled(service: str, number: int) -> Callable[[Scene], None]:
    return lambda scene: os.kill(scene.system.pid(service), number)


def _limited(**limits: float) -> Callable[[Scene], None]:
    """Set limits; with an order size of one share no order leaves, so that a loss can be made up for."""
    return _all(*(_told("risk-manager", "limit", name=name, value=value) for name, value in limits.items()))


def _until_recovered(scene: Scene) -> None:
    """Wait until prices are back: before, the usual limit would trip the kill switch."""
    profit = 'sum({__name__=~"trading_pnl_(realized|unrealized)_USD"}) > -4000'
    poll_until("the loss is made up for", lambda: scene.stack.prometheus.query(profit))


class Flapping:
    """A position limit that somebody changes every second."""

    def __init__(self) -> None:
        self._stopping = Event()

    def start(self, scene: Scene) -> None:
        """Begin, in a thread that ends with `stop`."""
        self._stopping.clear()
        self._thread = Thread(target=self._run, args=(scene,))
        self._thread.start()

    def stop(self, scene: Scene) -> None:
        """End, with the usual limit in force."""
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
            _told("risk-manager", "trip"),
            _told("risk-manager", "reset"),
            within=30,
            resolves_within=60,
        ),
        Drill(
            "TradingMemoryLeak",
            "P0",
            "the signal bridge grows by 1.2 GB",
            _told("signal-bridge", "grow", megabytes=1200),
            _told("signal-bridge", "shrink"),
            within=60,
            resolves_within=90,
            labels={"service_name": "signal-bridge"},
        ),
    ],
    [
        Drill(
            "TradingMaxDailyLossExceeded",
            "P0",
            "prices move 10% against what is held, and the limit is set too high",
            _all(_limited(order_size=1, daily_loss=1e9), _venue("adverse_move", bps=1000)),
            _all(_over("adverse_move"), _until_recovered, _limited(order_size=500, daily_loss=5000)),
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
            _over("feed_silent"),
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
            _over("http_5xx"),
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
            "somebody trades on the account by hand",
            lambda scene: scene.system.trade_outside("IBM", 100, "buy"),
            lambda scene: scene.system.trade_outside("IBM", 100, "sell"),
            within=60,
            resolves_within=60,
        ),
    ],
]
"""What costs money each second: each within a minute, at the worst."""

P1 = [
    [
        Drill(
            "TradingHighOrderLatency",
            "P1",
            "the execution engine takes 20 ms longer to hand an order over",
            _told("execution-engine", "slow_orders", seconds=0.02),
            _told("execution-engine", "fast_orders"),
            within=300,
            resolves_within=300,
        ),
        Drill(
            "TradingHighSlippage",
            "P1",
            "one fill in eight is 60 bps worse than quoted",
            _venue("slippage", bps=60, share=0.13),  # all of them would lose what a day may lose
            _over("slippage"),
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
            _told("market-data", "slow_ticks", seconds=0.002),
            _told("market-data", "fast_ticks"),
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
            _over("rejects"),
            within=300,
            resolves_within=300,
        ),
    ],
    [
        Drill(
            "TradingMLInferenceFailure",
            "P1",
            "the model raises",
            _told("signal-bridge", "fail_model"),
            _told("signal-bridge", "mend_model"),
            within=120,
            resolves_within=480,
        ),
        Drill(
            "TradingQueueBacklog",
            "P2",
            "the risk manager stops reading ticks",
            _told("risk-manager", "pause"),
            _told("risk-manager", "resume"),
            within=600,
            resolves_within=300,
        ),
    ],
]
"""What costs money each minute, and what somebody should look at today. Rate limits and CPU are among the long ones."""


def _load_slow_group(scene: Scene) -> None:
    """A group that is due every millisecond takes longer than that."""
    rules = scene.stack.site.folder / "prometheus" / "rules" / "drill.yml"
    rules.write_text(
        "groups: [{name: drill, interval: 1ms, rules: [{record: drill:series, expr: 'count({job!=\"\"})'}]}]\n"
    )
    _reload(scene)


def _remove_slow_group(scene: Scene) -> None:
    Path(scene.stack.site.folder / "prometheus" / "rules" / "drill.yml").unlink()
    _reload(scene)


def _reload(scene: Scene) -> None:
    requests.post(f"{scene.stack.prometheus.url}/-/reload", timeout=10).raise_for_status()


LONG = [
    [
        Drill(
            "TelemetryExporterQueueNearFull",
            "P1",
            "Jaeger is away, and the queue for it is short",
            lambda scene: scene.stack.stack.stop("jaeger"),
            lambda scene: scene.stack.stack.start("jaeger"),
            within=180,
            resolves_within=180,
            labels={"exporter": "otlp_http/jaeger"},
            is_ours=False,
            consequences=(
                Drill(
                    "TelemetryExporterDataLoss",
                    "P1",
                    "and full in the end",
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
            "the dead-man's switch cannot be told",
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
            lambda scene: _SERVICES.stop("lonely"),
            within=90,
            resolves_within=400,
            labels={"deployment_environment_name": "production", "service_name": "risk-manager"},
        ),
        Drill(
            "TradingClockDrift",
            "P1",
            "a host's clock is 200 ms ahead of NTP",
            lambda scene: _SERVICES.start(scene, "drifting"),
            lambda scene: _SERVICES.stop("drifting"),
            within=120,
            resolves_within=400,
        ),
        Drill(
            "TelemetryCardinalityOverflow",
            "P2",
            "a service has a label with 3,000 values",
            lambda scene: _SERVICES.start(scene, "exploding"),
            lambda scene: _SERVICES.stop("exploding"),
            within=240,
            resolves_within=480,
        ),
        Drill(
            "TradingApiRateLimitHit",
            "P1",
            "the venue answers three of four requests with 429",
            _venue("http_429", share=0.75),
            _over("http_429"),
            within=120,
            resolves_within=480,
            labels={"service_name": "execution-engine"},
            consequences=(
                Drill(
                    "TradingRetryEscalation",
                    "P2",
                    "and orders need their third attempt",
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
            _told("signal-bridge", "spin"),
            _told("signal-bridge", "rest"),
            within=600,
            resolves_within=300,
            labels={"service_name": "signal-bridge"},
        ),
    ],
]
"""What happens to the watching itself, and what has to last for minutes: all at once."""
