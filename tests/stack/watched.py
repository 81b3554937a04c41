"""Watched: the example system trades on the real stack, first without faults, then with every fault of a panel."""

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
from tools.drills.receiver import Receiver, drilled
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
        bring_about: How it is.
        seen_by: How Prometheus sees that it has happened, by each of these; ranges are of 20 s, as the panels'.
    """

    bring_about: Callable[[Watched], object]
    seen_by: str


@dataclass
class Watched:
    """A system that was watched.

    Attributes:
        stack: What watched it.
        system: What trades.
        begun: When it began, in Unix time.
        well_until: Until when nothing was wrong.
    """

    stack: RunningStack
    system: TradingSystem
    begun: float
    well_until: float = 0.0

    def series(self, expr: str, start: float, end: float) -> list[dict[str, Any]]:
        """Ask for a time range that ends at `end` exactly; returns the series that have a number in it."""
        steps = int((end - start) / _STEP)
        url = f"{self.stack.prometheus.url}/api/v1/query_range"
        asked = {"query": expr, "start": f"{end - steps * _STEP}", "end": f"{end}", "step": f"{_STEP}"}
        answer = requests.post(url, data=asked, timeout=30).json()
        assert answer["status"] == "success", answer
        return [one for one in answer["data"]["result"] if any(v != "NaN" for _, v in one["values"])]


def _venue(name: str, seconds: float = _LONG, **parameters: float) -> Callable[[Watched], object]:
    return lambda seen: seen.system.fault(name, seconds, **parameters)


def _told(service: str, what: str, **parameters: float | str) -> Callable[[Watched], object]:
    return lambda seen: seen.system.do(service, what, **parameters)


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
        lambda seen: seen.stack.stack.stop("jaeger"),
        "rate(otelcol_exporter_enqueue_failed_spans[20s]) > 0",
    ),
    "a limit is reached": Fault(
        _told("risk-manager", "limit", name="position", value=1),
        "increase(trading_risk_limit_breached_total[20s])"
        ' and on () increase(trading_risk_check_performed_total{trading_risk_check_result="fail"}[20s])',
    ),
    "the model fails": Fault(
        _told("signal-bridge", "fail_model"),
        "increase(trading_signal_inference_errors_total[20s]) > 0",
    ),
    "the kill switch is tripped": Fault(
        _told("risk-manager", "trip"),
        'trading_kill_switch_status{trading_kill_switch_state="tripped"} == 1',
    ),
    "an alert fires": Fault(
        lambda _: None,
        "trading:alerts:started:sum1d and trading:alerts:mean_seconds_to_resolve:1d",
    ),
}
"""The faults by the words of panels and searches."""

_LATER: Final = ("a limit is reached", "the model fails")
"""Faults that come last, since they stop orders and then signals, which the others need."""


@contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    """Have the system trade well until its objectives are judged, then with one fault after the other.

    Args:
        folder: For data and logs.
    """
    with Receiver() as receiver:
        alertmanager, extras = folder / "alertmanager.yml", folder / "extras.yaml"
        alertmanager.write_text(yaml.safe_dump(drilled(ALERTS / "alertmanager.yml", receiver.url)))
        extras.write_text(yaml.safe_dump(_SHORT_QUEUE))
        files = (CONFIG / "otelcol.yaml", extras)
        yield from _seen(RunningStack(folder, alertmanager=alertmanager, collector=files))


def _seen(running: RunningStack) -> Iterator[Watched]:
    running.stack.start()
    try:
        running.install()
        with TradingSystem(running.site.folder, running.environ(), _RATE, _SAMPLED) as system:
            seen = Watched(running, system, time.time())
            judged = f'slo:error_budget:remaining_ratio{{deployment_environment_name="{ENVIRONMENT}"}}'
            poll_until("the objectives are judged", lambda: running.prometheus.query(judged), patience=120)
            seen.well_until = time.time()
            _fail_to_connect_once(seen)
            for names in _rounds():
                for name in names:
                    FAULTS[name].bring_about(seen)
                for name in names:
                    _until(seen, name)
            yield seen
    finally:
        running.stack.close()


def _fail_to_connect_once(seen: Watched) -> None:
    """Have the counter of failures begin: one that begins with all of them has no rate."""
    _venue("drop_connections", 4)(seen)
    begun = "trading_market_data_connection_failed_total"
    poll_until("a feed failed to connect", lambda: seen.stack.prometheus.query(begun), patience=90)


def _until(seen: Watched, name: str) -> None:
    ask = seen.stack.prometheus.query
    poll_until(name, lambda: ask(FAULTS[name].seen_by), patience=90)


def _rounds() -> Iterator[list[str]]:
    """Those that can be in force together."""
    names = list(FAULTS)
    cuts = [0, *map(names.index, _LATER), len(names)]
    return (names[start:end] for start, end in pairwise(cuts))
