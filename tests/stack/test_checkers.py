"""Every configuration passes the checker of the program that reads it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from collector.stack.build import BuildError, build
from collector.stack.programs import ALERTS, CONFIG, Deployment
from tools.drills.running import RunningStack


def checked(*command: str, **environ: str) -> str:
    done = subprocess.run(
        command, env={**os.environ, **environ}, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def deployment(stack: RunningStack) -> Deployment:
    return stack.deployment


def test_otelcol_validates_its_configuration_with_nothing_set(deployment, tmp_path):
    program = str(deployment.binaries["otelcol"] / "otelcol")
    files = [text for file in deployment.collector for text in ("--config", str(file))]
    assert "deprecat" not in checked(program, "validate", *files, OTELCOL_STORAGE=str(tmp_path)).lower()


def test_otelcol_validates_an_additional_exporter(deployment, tmp_path):
    """The commented example in otelcol.extras.yaml is valid without the comment signs."""
    text = (CONFIG / "otelcol.extras.yaml").read_text()
    (tmp_path / "extras.yaml").write_text(
        "\n".join(
            line[2:] for line in text.splitlines() if line.startswith(("# exporters", "# service", "#  "))
        )
    )
    program = str(deployment.binaries["otelcol"] / "otelcol")
    files = ("--config", str(CONFIG / "otelcol.yaml"), "--config", str(tmp_path / "extras.yaml"))
    checked(program, "validate", *files, OTELCOL_STORAGE=str(tmp_path))


def test_promtool_accepts_prometheus_configuration(deployment):
    checked(
        str(deployment.binaries["prometheus"] / "promtool"),
        "check",
        "config",
        str(CONFIG / "backends/prometheus/prometheus.yml"),
    )


def test_amtool_accepts_alertmanagers_configuration(deployment):
    checked(
        str(deployment.binaries["alertmanager"] / "amtool"),
        "check-config",
        str(ALERTS / "alertmanager.yml"),
    )


@pytest.mark.parametrize("storage", ["jaeger.yaml", "jaeger.elasticsearch.yaml"])
def test_jaeger_validates_each_of_its_storages(deployment, storage):
    folder = CONFIG / "backends" / "jaeger"
    files = ["--config", str(folder / "jaeger.yaml")]
    if storage != "jaeger.yaml":
        files += ["--config", str(folder / storage)]
    checked(str(deployment.binaries["jaeger"] / "jaeger"), "validate", *files)


@pytest.fixture
def compose(_stack_is_enabled: None, tmp_path: Path) -> Path:
    try:
        program = build(["compose"])["compose"] / "compose"
    except BuildError as error:
        pytest.skip(str(error))
    folder = tmp_path / "collector"
    shutil.copytree(CONFIG, folder, ignore=shutil.ignore_patterns(".stack", "secrets"))
    shutil.copytree(ALERTS, tmp_path / "alerts", ignore=shutil.ignore_patterns("secrets"))
    shutil.copytree(CONFIG.parent / "dashboards", tmp_path / "dashboards")
    (folder / "secrets").mkdir()
    (tmp_path / "alerts" / "secrets").mkdir()
    for name in ("elastic", "otelcol", "jaeger", "kibana", "reader", "grafana"):
        (folder / "secrets" / f"{name}_password").write_text("x")
    return program


def test_compose_resolves_every_service_path_and_port(compose, tmp_path):
    """Compose's own library resolves the file without a daemon."""
    folder = tmp_path / "collector"
    project = json.loads(
        checked(str(compose), str(folder / "stack.env"), str(folder / "compose.yaml"), "example")
    )
    services = project["services"]
    published = {
        name: sorted(int(port["published"]) for port in service.get("ports", []))
        for name, service in services.items()
        if service.get("ports")
    }
    assert published == {
        "otelcol": [4317, 4318, 13133],
        "prometheus": [9999],
        "alertmanager": [9193],
        "jaeger": [13134, 14318, 16686],
        "elasticsearch": [9200],
        "kibana": [5601],
        "grafana": [3000],
    }
    for name, service in services.items():
        for port in service.get("ports", []):
            assert port["host_ip"] == "127.0.0.1", name
        for volume in service.get("volumes", []):
            assert volume["type"] == "volume" or Path(volume["source"]).exists(), volume["source"]
    for secret in project["secrets"].values():
        assert Path(secret["file"]).is_file()
