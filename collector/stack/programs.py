"""The programs of the stack: the command line, the files and the ports of each."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from .queues import set_aside

CONFIG = Path(__file__).resolve().parent.parent
ALERTS = CONFIG.parent / "alerts"
LOOPBACK = "127.0.0.1"
GARBAGE_COLLECTION = {"GOGC": "300", "GOMEMLIMIT": "330MiB"}
"""Settings of the Collector, as in compose.yaml: Go then scans the waiting traces less often."""
RESEND_DELAY = "--rules.alert.resend-delay=10s"
"""Option of Prometheus, as in compose.yaml.

An alert that Prometheus does not send again ends after four times this delay, so the dead-man's switch falls
silent 40 s after Prometheus.
"""


@dataclass(frozen=True)
class Deployment:
    """One running copy of the stack.

    Attributes:
        folder: The folder for its data, its logs and its derived configuration.
        ports: The port numbers by their names in `stack.env`.
        binaries: The folder of each built component, by its name.
        collector: The files of the Collector's configuration, which are merged in this order.
        alertmanager: The file of Alertmanager's configuration; relative paths in it start at its folder.
        settings: More environment variables for the programs.
    """

    folder: Path
    ports: Mapping[str, int]
    binaries: Mapping[str, Path]
    collector: tuple[Path, ...] = (CONFIG / "otelcol.yaml", CONFIG / "otelcol.extras.yaml")
    alertmanager: Path = ALERTS / "alertmanager.yml"
    settings: Mapping[str, str] = field(default_factory=dict)

    def address(self, port: str) -> str:
        """Return `127.0.0.1:<number>` of a port of `stack.env`."""
        return f"{LOOPBACK}:{self.ports[port]}"

    def url(self, port: str) -> str:
        """Return `http://127.0.0.1:<number>` of a port of `stack.env`."""
        return f"http://{self.address(port)}"

    def data(self, name: str) -> Path:
        """Return the data folder of a program."""
        return self.folder / "data" / name


@dataclass(frozen=True)
class Program:
    """One program.

    Attributes:
        name: The name of the program in the stack, in logs and on the command line.
        component: The component of `build.COMPONENTS` that contains the program.
        ports: The names in `stack.env` of the ports that the program listens on.
        ready: The path on the first port that answers 200 when the program is ready.
        command: Returns the command line.
        environ: Returns the environment variables.
    """

    name: str
    component: str
    ports: tuple[str, ...]
    ready: str
    command: Callable[[Deployment], list[str]]
    environ: Callable[[Deployment], dict[str, str]] = lambda _: {}


def _elasticsearch(deployment: Deployment) -> list[str]:
    built, port = deployment.binaries["opensearch"], str(deployment.ports["ELASTICSEARCH_PORT"])
    memory = ("-Xms512m", "-Xmx512m")
    classes = f"{built / 'classes'}:{built / 'lib'}/*"
    folder = str(deployment.data("elasticsearch"))
    return ["java", *memory, "-cp", classes, "SearchServer", folder, port, "product-header"]


def _prometheus(deployment: Deployment) -> list[str]:
    config = deployment.folder / "prometheus"
    for source, place in ((CONFIG / "backends" / "prometheus", config), (ALERTS / "rules", config / "rules")):
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(source, place)
    for name in ("prometheus", "otelcol", "alertmanager"):
        port = "OTELCOL_METRICS_PORT" if name == "otelcol" else f"{name.upper()}_PORT"
        (config / "targets" / f"{name}.yml").write_text(f'- targets: ["{deployment.address(port)}"]\n')
    return [
        str(deployment.binaries["prometheus"] / "prometheus"),
        f"--config.file={config / 'prometheus.yml'}",
        f"--storage.tsdb.path={deployment.data('prometheus')}",
        "--storage.tsdb.retention.time=30d",
        f"--web.listen-address={deployment.address('PROMETHEUS_PORT')}",
        "--web.enable-otlp-receiver",
        "--web.enable-lifecycle",
        RESEND_DELAY,
        "--enable-feature=exemplar-storage",
    ]


def _alertmanager(deployment: Deployment) -> list[str]:
    return [
        str(deployment.binaries["alertmanager"] / "alertmanager"),
        f"--config.file={deployment.alertmanager}",
        f"--storage.path={deployment.data('alertmanager')}",
        f"--web.listen-address={deployment.address('ALERTMANAGER_PORT')}",
        "--cluster.listen-address=",
    ]


def _jaeger(deployment: Deployment) -> list[str]:
    config = CONFIG / "backends" / "jaeger" / "jaeger.yaml"
    return [str(deployment.binaries["jaeger"] / "jaeger"), "--config", str(config)]


def _jaeger_environ(deployment: Deployment) -> dict[str, str]:
    return {
        "JAEGER_OTLP_HTTP": deployment.address("JAEGER_OTLP_PORT"),
        "JAEGER_HTTP": deployment.address("JAEGER_PORT"),
        "JAEGER_GRPC": f"{LOOPBACK}:0",
        "JAEGER_HEALTH": deployment.address("JAEGER_HEALTH_PORT"),
        "PROMETHEUS_URL": deployment.url("PROMETHEUS_PORT"),
    }


def _otelcol(deployment: Deployment) -> list[str]:
    set_aside(deployment.data("otelcol"))
    program = str(deployment.binaries["otelcol"] / "otelcol")
    return [program, *(text for file in deployment.collector for text in ("--config", str(file)))]


def _otelcol_environ(deployment: Deployment) -> dict[str, str]:
    logs = deployment.folder / "services"
    logs.mkdir(parents=True, exist_ok=True)
    return {
        **GARBAGE_COLLECTION,
        "OTELCOL_OTLP_GRPC": deployment.address("OTLP_GRPC_PORT"),
        "OTELCOL_OTLP_HTTP": deployment.address("OTLP_HTTP_PORT"),
        "OTELCOL_HEALTH": deployment.address("OTELCOL_HEALTH_PORT"),
        "OTELCOL_METRICS_PORT": str(deployment.ports["OTELCOL_METRICS_PORT"]),
        "OTELCOL_STORAGE": str(deployment.data("otelcol")),
        "OTELCOL_LOG_FILES": f"{logs}/*.log",
        "OTELCOL_JOURNAL_FILES": f"{logs}/journal/*.jsonl",
        "PROMETHEUS_URL": deployment.url("PROMETHEUS_PORT"),
        "JAEGER_OTLP_URL": deployment.url("JAEGER_OTLP_PORT"),
        "ELASTICSEARCH_URL": deployment.url("ELASTICSEARCH_PORT"),
    }


PROGRAMS = {
    program.name: program
    for program in (
        Program("elasticsearch", "opensearch", ("ELASTICSEARCH_PORT",), "/_cluster/health", _elasticsearch),
        Program("prometheus", "prometheus", ("PROMETHEUS_PORT",), "/-/ready", _prometheus),
        Program("alertmanager", "alertmanager", ("ALERTMANAGER_PORT",), "/-/ready", _alertmanager),
        Program(
            "jaeger",
            "jaeger",
            ("JAEGER_HEALTH_PORT", "JAEGER_PORT", "JAEGER_OTLP_PORT"),
            "/status",
            _jaeger,
            _jaeger_environ,
        ),
        Program(
            "otelcol",
            "otelcol",
            ("OTELCOL_HEALTH_PORT", "OTLP_GRPC_PORT", "OTLP_HTTP_PORT", "OTELCOL_METRICS_PORT"),
            "/",
            _otelcol,
            _otelcol_environ,
        ),
    )
}
"""The programs in the order of their start; they stop in reverse, so that the Collector can still deliver."""


def read_ports(environ: Mapping[str, str] = os.environ) -> dict[str, int]:
    """Read the ports of `stack.env`; a variable of the environment overrides the file."""
    ports = {}
    for line in (CONFIG / "stack.env").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition("=")
        if name.endswith("_PORT"):
            ports[name] = int(environ.get(name) or value)
    return ports


def free_ports() -> dict[str, int]:
    """Return a free port for each port of `stack.env`, for a copy of the stack beside others."""
    with ExitStack() as held:
        ports = {}
        for name in read_ports({}):
            probe = held.enter_context(socket.socket())
            probe.bind((LOOPBACK, 0))
            ports[name] = probe.getsockname()[1]
        return ports
