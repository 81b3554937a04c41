"""Stage: runs the example system on the real stack, whose Alertmanager notifies our receiver."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from collector.stack.programs import ALERTS, CONFIG
from tools.drills.drill import Scene
from tools.drills.receiver import Receiver, drill_configuration
from tools.drills.running import RunningStack, poll_until
from tools.drills.system import ENVIRONMENT, SERVICES, TradingSystem

# This queue fills within a minute of an outage of Jaeger; the usual queue takes hours.
_SHORT_QUEUE = {"exporters": {"otlp_http/jaeger": {"sending_queue": {"queue_size": 60}}}}
ALWAYS = "TradingWatchdog"

MISSED_BY_THE_EXAMPLE = frozenset({"market-data-latency", "order-submit-latency"})
"""Objectives of microseconds, which services in Python miss. Their alerts are correct and not noise."""


@contextmanager
def stage(folder: Path, rate: int = 400) -> Iterator[Scene]:
    """Start everything, wait until all four services report and orders flow, and yield the scene.

    Args:
        folder: The folder for data and logs of the stack.
        rate: Ticks a second.
    """
    with Receiver() as receiver:
        alertmanager, extras = folder / "alertmanager.yml", folder / "extras.yaml"
        alertmanager.write_text(
            yaml.safe_dump(drill_configuration(ALERTS / "alertmanager.yml", receiver.url))
        )
        extras.write_text(yaml.safe_dump(_SHORT_QUEUE))
        files = (CONFIG / "otelcol.yaml", extras)
        running = RunningStack(folder, alertmanager=alertmanager, collector=files)
        running.programs.start()
        try:
            running.install()
            with TradingSystem(folder, running.environ(), rate) as system:
                scene = Scene(running, system, receiver)
                _until_trading(scene)
                yield scene
        finally:
            running.programs.close()


def firing(scene: Scene) -> list[dict[str, str]]:
    """Return the labels of the alerts that fire now, except those that always fire."""
    found = scene.stack.prometheus.query('ALERTS{alertstate="firing"}')
    return [each["metric"] for each in found if not is_constant(each["metric"])]


def is_constant(labels: dict[str, str]) -> bool:
    """Return whether the alert with these labels always fires."""
    return labels["alertname"] == ALWAYS or labels.get("slo") in MISSED_BY_THE_EXAMPLE


def is_aftermath(labels: dict[str, str]) -> bool:
    """Return whether the alert with these labels is about an error budget, which lasts after a fault."""
    return labels["alertname"].startswith("TradingSLO")


def until_quiet(scene: Scene, timeout: float) -> bool:
    """Wait until only aftermaths fire; return False if `timeout` seconds pass before."""
    deadline = time.monotonic() + timeout
    while not all(map(is_aftermath, firing(scene))):
        if time.monotonic() > deadline:
            return False
        time.sleep(1)
    return True


def _until_trading(scene: Scene) -> None:
    beats = f"count(trading_service_heartbeat_timestamp_seconds) == {len(SERVICES)}"
    poll_until("all services report", lambda: scene.stack.prometheus.query(beats))
    orders = f'sum(trading_order_submitted_total{{deployment_environment_name="{ENVIRONMENT}"}}) >= 20'
    poll_until("orders flow", lambda: scene.stack.prometheus.query(orders), timeout=120)
