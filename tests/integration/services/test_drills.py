"""The faults of a drill show in the telemetry of the services, and end when the drill ends them."""

from __future__ import annotations

import os
import signal
from typing import Any

import psutil

CONNECTIONS = ("market-data", "execution-engine")
A_SHARE = 150
"""USD: a difference below the price of one share, since marks differ by cents."""


def test_a_closed_market_is_idle_and_loses_nothing(system: Any) -> None:
    def states() -> list[list[str]]:
        return [system.state("trading.connection.status", service) for service in CONNECTIONS]

    assert states() == [["connected"]] * 2
    system.control("POST", "market", {"running": False})
    system.wait_until(lambda: states() == [["idle"]] * 2, "the close")
    closed = system.control("GET", "counts")["ticks"]["produced"]
    system.control("POST", "market", {"running": True})
    system.wait_until(lambda: states() == [["connected"]] * 2, "the opening")
    system.wait_until(
        lambda: system.total("trading.market_data.message.received") > closed, "a tick after the opening"
    )
    assert system.end() == 0
    counts = system.lines[-1]["counts"]
    assert counts["ticks"]["withheld"] == 0
    assert counts["ticks"]["sent"] == system.total("trading.market_data.message.received")
    assert system.total("trading.market_data.message.missed") == 0
    assert system.total("trading.market_data.message.dropped") == 0


def test_the_risk_manager_is_tripped_limited_and_paused_and_recovers(system: Any) -> None:
    def do(command: str, **given: Any) -> None:
        system.leader.send("risk-manager", command, **given)

    def switch() -> list[str]:
        return system.state("trading.kill_switch.status", "risk-manager")

    def failed() -> float:
        return system.total("trading.risk.check.performed", type="position", result="fail")

    def depth() -> float:
        return system.total("trading.queue.depth", "risk-manager", name="ticks")

    assert (switch(), failed()) == (["armed"], 0)
    do("trip")
    do("limit", name="position", value=1)
    do("pause")
    system.wait_until(lambda: switch() == ["tripped"], "the trip")
    system.wait_until(lambda: depth() > 200, "the backlog")
    do("reset")
    system.wait_until(lambda: failed() > 0, "a check that fails")
    assert switch() == ["armed"]
    do("limit", name="position", value=600)
    do("resume")
    system.wait_until(lambda: depth() < 100, "the end of the backlog")


def test_a_model_fails_and_a_feed_is_slow_until_they_are_restored(system: Any) -> None:
    def seconds() -> float:
        return sum(one.value for one in system.series("trading.market_data.process.duration"))

    def errors() -> float:
        return system.total("trading.signal.inference.errors")

    assert errors() == 0
    before = seconds()
    system.leader.send("signal-bridge", "fail_model")
    system.leader.send("market-data", "slow_ticks", seconds=0.002)
    system.wait_until(lambda: errors() > 50, "errors of the model")
    system.wait_until(lambda: seconds() - before > 0.2, "slow processing")
    system.leader.send("signal-bridge", "repair_model")
    system.leader.send("market-data", "fast_ticks")
    predicted = system.total("trading.signal.generated")
    system.wait_until(lambda: system.total("trading.signal.generated") > predicted + 50, "signals again")


def test_memory_grows_and_shrinks_only_in_the_addressed_process(system: Any) -> None:
    def used(service: str) -> float:
        return system.total("process.memory.usage", service) / 1024**2

    before = {service: used(service) for service in CONNECTIONS}
    system.leader.send("execution-engine", "grow", megabytes=200)
    system.wait_until(lambda: used("execution-engine") - before["execution-engine"] > 190, "the growth")
    assert used("market-data") - before["market-data"] < 100
    system.leader.send("execution-engine", "shrink")
    system.wait_until(lambda: used("execution-engine") - before["execution-engine"] < 100, "the shrinking")


def test_killed_services_restart_and_know_the_positions(system: Any) -> None:
    def exposure() -> float:
        return sum(abs(one.value) for one in system.series("trading.portfolio.exposure", "risk-manager"))

    for part, service in (("risk_manager", "risk-manager"), ("execution_engine", "execution-engine")):
        os.kill(system.lines_about("started", part)[0]["pid"], signal.SIGKILL)
        system.wait_until(
            lambda part=part: len(system.lines_about("started", part)) == 2, f"the return of {part}"
        )
        assert system.leader.wait_for(service, seconds=60)
        (lost,) = system.lines_about("lost", part)
        assert lost["sentence"] == f"{part} ended with exit code -9"
        first, second = (line["pid"] for line in system.lines_about("started", part))
        assert not psutil.pid_exists(first)
        assert psutil.pid_exists(second)
    filled = system.control("GET", "counts")["orders"]["filled"]
    system.wait_until(
        lambda: system.control("GET", "counts")["orders"]["filled"] > filled, "trading to resume"
    )
    system.control("POST", "market", {"running": False})
    held = system.holdings()
    assert held > 0
    system.wait_until(lambda: abs(exposure() - held) < A_SHARE, "the risk manager to know what is held")
    assert system.end() == 0
    assert set(system.lines[-1]["codes"].values()) == {0}
