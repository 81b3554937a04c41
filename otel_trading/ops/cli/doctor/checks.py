"""Checks: what can be said without sending anything, from the settings to the clocks."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version as version_of
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from otel_trading import recording
from otel_trading.ops import assets
from otel_trading.ops.cli.doctor.backends import Elasticsearch, Jaeger, Prometheus
from otel_trading.pipeline.setup.settings import Settings

_CONNECT_TIMEOUT: Final = 3.0
_MAX_OFFSET: Final = 1.0
"""Seconds between two clocks: more, and an alert on `time() - x` is wrong by as much."""

UNREACHABLE: Final = (requests.RequestException, OSError, KeyError, ValueError)


@dataclass(frozen=True)
class Check:
    """What came of one check.

    Attributes:
        name: What was looked at.
        ok: Whether it is as it should be; None if it is not wrong but worth a look.
        says: What was found.
        setting: Where to look if it is not as it should be.
        milliseconds: What it took, where that says something.
    """

    name: str
    ok: bool | None
    says: str
    setting: str | None = None
    milliseconds: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as `--json` has it."""
        state = {True: "ok", None: "look", False: "failed"}[self.ok]
        return {
            "check": self.name,
            "state": state,
            "says": self.says,
            "setting": self.setting,
            "milliseconds": self.milliseconds,
        }


def installation() -> Check:
    """Which versions run, and which form of the hot path."""
    python = ".".join(map(str, sys.version_info[:3]))
    says = (
        f"otel_trading {version_of('otel_trading')} ({recording.FORM}), Python {python}, "
        f"OpenTelemetry SDK {version_of('opentelemetry-sdk')}"
    )
    return Check("installation", ok=True, says=says)


def settings(given: Settings) -> Check:
    """What the settings say; that they can be read was checked before."""
    own = [f"{name}={getattr(given, name)!r}" for name in sorted(given.given - {"headers", "service_name"})]
    says = f"{given.protocol} to {given.endpoint}" + (f"; given: {', '.join(own)}" if own else "")
    if "otlp" not in given.exporters:
        return Check("settings", ok=False, says=f"{says}; nothing is sent by OTLP", setting="exporters")
    return Check("settings", ok=True, says=says)


def port(name: str, url: str, setting: str) -> Check:
    """Whether something listens where we are told to go."""
    parts = urlsplit(url)
    default = 443 if parts.scheme == "https" else 80
    address = (parts.hostname or "", parts.port or default)
    begin = time.perf_counter()
    try:
        socket.create_connection(address, _CONNECT_TIMEOUT).close()
    except OSError as error:
        says = f"nothing listens at {address[0]}:{address[1]} ({error.strerror or error})"
        return Check(f"port of {name}", ok=False, says=says, setting=setting)
    took = (time.perf_counter() - begin) * 1000
    return Check(f"port of {name}", ok=True, says=f"{address[0]}:{address[1]}", milliseconds=took)


def collector_health(url: str) -> Check:
    """Whether the Collector says that it is well."""
    try:
        requests.get(url, timeout=_CONNECT_TIMEOUT).raise_for_status()
    except requests.RequestException as error:
        says = f"{url} does not say that it is well ({type(error).__name__})"
        return Check("Collector's health", ok=False, says=says, setting="OTELCOL_HEALTH")
    return Check("Collector's health", ok=True, says=url)


def versions(prometheus: Prometheus, elasticsearch: Elasticsearch) -> Iterator[Check]:
    """Whether the backends run the versions that the configuration was tested with."""
    tested = _tested_versions()
    asked: list[tuple[str, Callable[[], str], str]] = [
        ("Prometheus", prometheus.version, "PROMETHEUS_VERSION"),
        ("Collector", lambda: _collector_version(prometheus), "OTELCOL_VERSION"),
        ("Elasticsearch", elasticsearch.version, "ELASTIC_VERSION"),
    ]
    for name, ask, key in asked:
        try:
            found = ask()
        except UNREACHABLE:
            continue  # its port, or its hop below, says why
        same = found == tested[key]
        says = f"{found}" if same else f"{found}; tested with {tested[key]}"
        yield Check(f"version of {name}", ok=True if same else None, says=says, setting="stack.env")


def clock(prometheus: Prometheus) -> Check | None:
    """How far our clock is from that of Prometheus, which judges the age of everything."""
    try:
        offset = prometheus.clock_offset()
    except UNREACHABLE:
        return None
    says = f"{offset * 1000:+.0f} ms from Prometheus"
    well = abs(offset) <= _MAX_OFFSET
    return Check("clock", ok=well, says=says, setting=None if well else "the time service (NTP) of this host")


def jaeger_answers(jaeger: Jaeger) -> Check:
    """Whether Jaeger answers a question."""
    try:
        services = jaeger.services()
    except UNREACHABLE as error:
        says = f"{jaeger.url} does not answer ({type(error).__name__})"
        return Check("Jaeger", ok=False, says=says, setting="JAEGER_URL")
    return Check("Jaeger", ok=True, says=f"has spans of {len(services)} services")


def _collector_version(prometheus: Prometheus) -> str:
    (series, *_) = prometheus.query('target_info{job="otelcol"}')
    return str(series["metric"]["service.version"])


def _tested_versions() -> dict[str, str]:
    text = (assets.find("collector") / "stack.env").read_text(encoding="utf-8")
    lines = (line.partition("=") for line in text.splitlines())
    return {name: value for name, _, value in lines if name.endswith("_VERSION")}
