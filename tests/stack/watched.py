"""Watched: runs the example system on the real stack, first without faults, then with every fault of a panel."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import requests
import yaml

from collector.stack.programs import ALERTS, CONFIG
from tools.drills.receiver import Receiver, drill_configuration
from tools.drills.running import RunningStack, poll_until
from tools.drills.system import ENVIRONMENT, TradingSystem

_LONG = 600.0
_RATE = 100
_SAMPLED = 1.0  # so that every histogram has exemplars
_STEP = 5
_QUEUE = 10
_SHORT_QUEUE = {"exporters": {"otlp_http/jaeger": {"sending_queue": {"queue_size": _QUEUE}}}}
"""A queue that fills within seconds of an outage of Jaeger, instead of hours."""


class Fault(NamedTuple):
    """The event before which a query has no data.

    Attributes:
        apply: Causes the event.
        seen_by: The query that has a result after the event; its ranges are 20 s long, like those of the panels.
    """

    apply: Callable[[Watched], object]
    seen_by: str


@dataclass
class Watched:
    """A trading system, and the stack that watches it.

    Attributes:
        stack: The stack that has the telemetry of the system.
        system: The trading system.
        begun: The time at which the system started, in Unix seconds.
        well_until: The time at which the first fault began, in Unix seconds.
    """

    stack: RunningStack
    system: TradingSystem
    begun: float
    well_until: float = 0.0

    def series(self, expr: str, start: float, end: float) -> list[dict[str, Any]]:
        """Query a time range that ends exactly at `end`, and return the series with at least one number."""
        steps = int((end - start) / _STEP)
        url = f"{self.stack.prometheus.url}/api/v1/query_range"
        asked = {"query": expr, "start": f"{end - steps * _STEP}", "end": f"{end}", "step": f"{_STEP}"}
        answer = requests.post(url, data=asked, timeout=30).json()
        assert answer["status"] == "success", answer
        return [one for one in answer["data"]["result"] if any(v != "NaN" for _, v in one["values"])]


def _venue(name: str, seconds: float = _LONG, **parameters: float) -> Callable[[Watched], object]:
    return lambda seen: seen.system.fault(name, seconds, **parameters)


def _command(service: str, command: str, **parameters: float | str) -> Callable[[Watched], object]:
    return lambda seen: seen.system.do(service, command, **parameters)


FAULTS: dict[str, Fault] = {
    "a feed cannot connect": Fault(
        _venue("drop_connections", 12),
        "rate(trading_market_data_connection_failed_total[20s]) > 0",
    ),
    "orders are rejected": Fault(_venue("rejects", share=0.3), "rate(trading_order_rejected_total[20s]) > 0"),
    "fills are reported twice": Fault(
        _venue("duplicate_fill"), "increase(trading_execution_unmatched_total[20s]) > 0"
    ),
    "quotes have no price": Fault(
        _venue("bad_quotes", share=0.2),
        "rate(trading_market_data_message_dropped_total[20s]) > 0",
    ),
    "quotes are crossed": Fault(
        _venue("crossed_quotes", share=0.2),
        'rate(trading_order_book_violations_total{trading_order_book_violation_type!="locked"}[20s]) > 0',
    ),
    "a backend is away until its queue is full": Fault(
        lambda seen: seen.stack.programs.stop("jaeger"),
        "rate(otelcol_exporter_enqueue_failed_spans[20s]) > 0",
    ),
    "a limit is reached": Fault(
        _command("risk-manager", "limit", name="position", value=1),
        "increase(trading_risk_limit_breached_total[20s])"
        ' and on () increase(trading_risk_check_performed_total{trading_risk_check_result="fail"}[20s])',
    ),
    "the model fails": Fault(
        _command("signal-bridge", "fail_model"),
        "increase(trading_signal_inference_errors_total[20s]) > 0",
    ),
    "the kill switch is tripped": Fault(
        _command("risk-manager", "trip"),
        'trading_kill_switch_status{trading_kill_switch_state="tripped"} == 1',
    ),
    "an alert fires": Fault(
        lambda _: None,
        "trading:alerts:started:sum1d and trading:alerts:mean_seconds_to_resolve:1d",
    ),
}
"""The faults by the text in `unless` of panels and searches."""

_LATER: Final = ("a limit is reached", "the model fails")
"""Faults that come last, since they stop orders and then signals, which the other faults need."""


@contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    """Run the system without faults until its objectives have values, and then with all faults in rounds.

    Args:
        folder: The folder for data and logs.
    """
    with Receiver() as receiver:
        alertmanager, extras = folder / "alertmanager.yml", folder / "extras.yaml"
        alertmanager.write_text(
            yaml.safe_dump(drill_configuration(ALERTS / "alertmanager.yml", receiver.url))
        )
        extras.write_text(yaml.safe_dump(_SHORT_QUEUE))
        files = (CONFIG / "otelcol.yaml", extras)
        yield from _seen(RunningStack(folder, alertmanager=alertmanager, collector=files))


def _seen(running: RunningStack) -> Iterator[Watched]:
    running.programs.start()
    try:
        running.install()
        with TradingSystem(running.deployment.folder, running.environ(), _RATE, _SAMPLED) as system:
            seen = Watched(running, system, time.time())
            judged = f'slo:error_budget:remaining_ratio{{deployment_environment_name="{ENVIRONMENT}"}}'
            poll_until("the objectives have values", lambda: running.prometheus.query(judged), timeout=120)
            seen.well_until = time.time()
            _fail_to_connect_once(seen)
            for names in _rounds():
                for name in names:
                    FAULTS[name].apply(seen)
                for name in names:
                    _until(seen, name)
            yield seen
    finally:
        running.programs.close()


def _fail_to_connect_once(seen: Watched) -> None:
    """Create the series of the failure counter, since the first sample of a series has no rate."""
    _venue("drop_connections", 4)(seen)
    begun = "trading_market_data_connection_failed_total"
    poll_until("a feed failed to connect", lambda: seen.stack.prometheus.query(begun), timeout=90)


def _until(seen: Watched, name: str) -> None:
    ask = seen.stack.prometheus.query
    poll_until(name, lambda: ask(FAULTS[name].seen_by), timeout=90)


def _rounds() -> Iterator[list[str]]:
    """Yield the names of the faults that can be active at the same time."""
    names = list(FAULTS)
    cuts = [0, *map(names.index, _LATER), len(names)]
    return (names[start:end] for start, end in pairwise(cuts))
