"""Checks that send no telemetry: settings, ports, health, versions and clocks."""

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
"""The largest allowed offset of a clock in seconds; an alert on `time() - x` is wrong by the offset."""

UNREACHABLE: Final = (requests.RequestException, OSError, KeyError, ValueError)


@dataclass(frozen=True)
class Check:
    """The result of one check.

    Attributes:
        name: The subject of the check.
        ok: Whether the check succeeded; None if the result is not wrong but worth a look.
        message: The result in words.
        setting: The setting to look at if the check did not succeed.
        milliseconds: The duration, if it is meaningful.
    """

    name: str
    ok: bool | None
    message: str
    setting: str | None = None
    milliseconds: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the check in the format of `--json`."""
        state = {True: "ok", None: "look", False: "failed"}[self.ok]
        return {
            "check": self.name,
            "state": state,
            "message": self.message,
            "setting": self.setting,
            "milliseconds": self.milliseconds,
        }


def installation() -> Check:
    """Report the versions, and the form of the hot path (compiled or Python)."""
    python = ".".join(map(str, sys.version_info[:3]))
    message = (
        f"otel_trading {version_of('otel_trading')} ({recording.FORM}), Python {python}, "
        f"OpenTelemetry SDK {version_of('opentelemetry-sdk')}"
    )
    return Check("installation", ok=True, message=message)


def settings(given: Settings) -> Check:
    """Check that the settings send by OTLP.

    Args:
        given: The settings, already read without an error.
    """
    own = [f"{name}={getattr(given, name)!r}" for name in sorted(given.given - {"headers", "service_name"})]
    message = f"{given.protocol} to {given.endpoint}" + (f"; given: {', '.join(own)}" if own else "")
    if "otlp" not in given.exporters:
        return Check("settings", ok=False, message=f"{message}; no exporter sends OTLP", setting="exporters")
    return Check("settings", ok=True, message=message)


def port(name: str, url: str, setting: str) -> Check:
    """Check that a program listens at a URL.

    Args:
        name: The program that should listen.
        url: The URL from the settings.
        setting: The setting that has the URL.
    """
    parts = urlsplit(url)
    default = 443 if parts.scheme == "https" else 80
    address = (parts.hostname or "", parts.port or default)
    begin = time.perf_counter()
    try:
        socket.create_connection(address, _CONNECT_TIMEOUT).close()
    except OSError as error:
        message = f"nothing listens at {address[0]}:{address[1]} ({error.strerror or error})"
        return Check(f"port of {name}", ok=False, message=message, setting=setting)
    took = (time.perf_counter() - begin) * 1000
    return Check(f"port of {name}", ok=True, message=f"{address[0]}:{address[1]}", milliseconds=took)


def collector_health(url: str) -> Check:
    """Check that the Collector reports that it is healthy."""
    try:
        requests.get(url, timeout=_CONNECT_TIMEOUT).raise_for_status()
    except requests.RequestException as error:
        message = f"{url} does not report a healthy Collector ({type(error).__name__})"
        return Check("Collector's health", ok=False, message=message, setting="OTELCOL_HEALTH")
    return Check("Collector's health", ok=True, message=url)


def versions(prometheus: Prometheus, elasticsearch: Elasticsearch) -> Iterator[Check]:
    """Check that the backends run the versions that the configuration was tested with."""
    tested = _tested_versions()
    queries: list[tuple[str, Callable[[], str], str]] = [
        ("Prometheus", prometheus.version, "PROMETHEUS_VERSION"),
        ("Collector", lambda: _collector_version(prometheus), "OTELCOL_VERSION"),
        ("Elasticsearch", elasticsearch.version, "ELASTIC_VERSION"),
    ]
    for name, query, key in queries:
        try:
            found = query()
        except UNREACHABLE:
            continue  # the check of its port or its hop reports the reason
        same = found == tested[key]
        message = f"{found}" if same else f"{found}; tested with {tested[key]}"
        yield Check(f"version of {name}", ok=True if same else None, message=message, setting="stack.env")


def clock(prometheus: Prometheus) -> Check | None:
    """Check the offset between our clock and that of Prometheus, which evaluates the age of all data."""
    try:
        offset = prometheus.clock_offset()
    except UNREACHABLE:
        return None
    message = f"{offset * 1000:+.0f} ms from Prometheus"
    is_small = abs(offset) <= _MAX_OFFSET
    return Check(
        "clock",
        ok=is_small,
        message=message,
        setting=None if is_small else "the time service (NTP) of this host",
    )


def jaeger_answers(jaeger: Jaeger) -> Check:
    """Check that Jaeger answers a query."""
    try:
        services = jaeger.services()
    except UNREACHABLE as error:
        message = f"{jaeger.url} does not answer ({type(error).__name__})"
        return Check("Jaeger", ok=False, message=message, setting="JAEGER_URL")
    return Check("Jaeger", ok=True, message=f"has spans of {len(services)} services")


def _collector_version(prometheus: Prometheus) -> str:
    (series, *_) = prometheus.query('target_info{job="otelcol"}')
    return str(series["metric"]["service.version"])


def _tested_versions() -> dict[str, str]:
    text = (assets.find("collector") / "stack.env").read_text(encoding="utf-8")
    lines = (line.partition("=") for line in text.splitlines())
    return {name: value for name, _, value in lines if name.endswith("_VERSION")}
