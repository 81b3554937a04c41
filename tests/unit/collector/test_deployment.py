"""The deployable files agree with each other: paths, ports, versions, secrets, limits."""

from __future__ import annotations

import re
import stat
from typing import Any

import pytest
import yaml

from collector.stack import __main__ as command
from collector.stack.programs import ALERTS, CONFIG, PROGRAMS, free_ports, read_ports

COMPOSE: dict[str, Any] = yaml.safe_load((CONFIG / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
LONG_RUNNING = [name for name, service in SERVICES.items() if "restart" in service]
ENV = dict(
    line.split("=", 1)
    for line in (CONFIG / "stack.env").read_text().splitlines()
    if re.match(r"[A-Z_]+=", line)
)


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> dict[str, Any]:
    return SERVICES[request.param]


def test_the_ports_are_those_of_the_design():
    assert read_ports({}) == {
        "OTLP_GRPC_PORT": 4317,
        "OTLP_HTTP_PORT": 4318,
        "OTELCOL_HEALTH_PORT": 13133,
        "OTELCOL_METRICS_PORT": 8888,
        "PROMETHEUS_PORT": 9999,
        "ALERTMANAGER_PORT": 9193,
        "JAEGER_PORT": 16686,
        "JAEGER_OTLP_PORT": 14318,
        "JAEGER_HEALTH_PORT": 13134,
        "ELASTICSEARCH_PORT": 9200,
        "GRAFANA_PORT": 3000,
        "KIBANA_PORT": 5601,
    }


def test_a_port_of_the_environment_goes_before_that_of_the_file():
    assert read_ports({"JAEGER_PORT": "1234"})["JAEGER_PORT"] == 1234


def test_free_ports_are_all_different():
    assert len(set(free_ports().values())) == len(read_ports({}))


def test_every_port_is_published_on_loopback_by_its_name_in_stack_env(service):
    for port in service.get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\$\{(\w+)\}:\d+", port)
        assert re.findall(r"\w+_PORT", port)[0] in ENV


def test_every_port_of_stack_env_is_published_or_scraped():
    published = {
        name
        for s in SERVICES.values()
        for port in s.get("ports", [])
        for name in re.findall(r"\w+_PORT", port)
    }
    assert read_ports({}).keys() - published == {
        "OTELCOL_METRICS_PORT"
    }  # Prometheus scrapes it inside the network


def test_every_image_has_a_version_of_stack_env(service):
    if "image" in service:
        (version,) = re.findall(r":v?\$\{(\w+_VERSION)\}(?:-alpine)?$", service["image"])
        assert version in ENV
        assert re.fullmatch(r"\d+(\.\d+)+", ENV[version])


def test_every_mounted_file_is_here(service):
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        if source.startswith("."):
            is_created = source == "../alerts/secrets"  # created by `python -m stack up`
            assert is_created or (CONFIG / source).exists(), source
            assert volume.endswith(":ro")
        else:
            assert source.split(":-")[-1].strip("${}") in COMPOSE["volumes"] | {"TRADING_LOGS": None}


def test_every_service_has_a_memory_limit_and_no_privileges(service):
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert service["cap_drop"] == ["ALL"]
    assert "privileged" not in service


@pytest.mark.parametrize("name", SERVICES)
def test_only_programs_that_need_it_run_as_root(name):
    user = SERVICES[name].get("user", "")
    assert (user == "root") == (name == "volumes")
    assert user or name == "example"  # its Dockerfile sets the user nobody


def test_containers_are_read_only_if_the_image_allows_it():
    assert {name for name, s in SERVICES.items() if not s.get("read_only")} == {"elasticsearch", "kibana"}


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_every_server_has_a_health_check(name):
    asked = "healthcheck" in SERVICES[name]
    assert asked or f"http://{name}:13133" in SERVICES[f"{name}-ready"]["command"]


def test_no_password_stands_in_a_file():
    text = (CONFIG / "compose.yaml").read_text() + (CONFIG / "stack.env").read_text()
    for line in text.splitlines():
        if re.search(r"password", line, re.IGNORECASE) and "=" in line:
            assert "$$(cat /run/secrets/" in line
    assert all(secret["file"].startswith("secrets/") for secret in COMPOSE["secrets"].values())


def test_secrets_are_created_once_and_only_the_mount_makes_them_readable_for_containers(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(command, "SECRETS", tmp_path / "secrets")
    monkeypatch.setattr(command, "RECEIVERS", tmp_path / "receivers")
    assert command.create_passwords() == 0
    files = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert files.keys() == COMPOSE["secrets"].keys()
    assert len(set(files.values())) == len(files)
    assert min(map(len, files.values())) >= 32
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    command.create_passwords()
    assert {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()} == files
    assert not any(password in capsys.readouterr().out for password in files.values())


def test_a_receivers_file_is_created_empty_named_and_never_touched_again(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "RECEIVERS", tmp_path / "secrets")
    command.create_receiver_files()
    files = sorted(path.name for path in (tmp_path / "secrets").iterdir())
    named = set(re.findall(r"secrets/(\w+)", (ALERTS / "alertmanager.yml").read_text()))
    assert set(files) == named - {"remediation_token"}
    assert all(name in capsys.readouterr().out for name in files[:1])
    (tmp_path / "secrets" / files[0]).chmod(0o600)
    (tmp_path / "secrets" / files[0]).write_text("https://example.com/hook")
    command.create_receiver_files()
    assert (tmp_path / "secrets" / files[0]).read_text() == "https://example.com/hook"
    assert files[0] not in capsys.readouterr().out


def test_the_natively_built_versions_are_those_of_the_images():
    modules = {
        "otelcol": (r"go\.opentelemetry\.io/collector/otelcol v([\d.]+)", ENV["OTELCOL_VERSION"]),
        "prometheus": (r"github\.com/prometheus/prometheus v0\.(\d)(\d\d)\.(\d)", ENV["PROMETHEUS_VERSION"]),
        "alertmanager": (r"github\.com/prometheus/alertmanager v([\d.]+)", ENV["ALERTMANAGER_VERSION"]),
        "jaeger": (r"github\.com/jaegertracing/jaeger v1\.(\d+)\.(\d+)", ENV["JAEGER_VERSION"]),
    }
    found = {}
    for name, (pattern, _) in modules.items():
        match = re.search(pattern, (CONFIG / "stack" / name / "go.mod").read_text())
        assert match, name
        found[name] = match.groups()
    assert found["otelcol"] == (ENV["OTELCOL_VERSION"],)
    assert found["alertmanager"] == (ENV["ALERTMANAGER_VERSION"],)
    major, minor, patch = found["prometheus"]  # 3.16.0 is the module v0.316.0
    assert f"{major}.{int(minor)}.{patch}" == ENV["PROMETHEUS_VERSION"]
    minor, patch = found["jaeger"]  # 2.13.0 is the module v1.76.0
    assert f"2.{int(minor) - 63}.{patch}" == ENV["JAEGER_VERSION"]


def test_each_address_of_the_collector_has_a_default_and_compose_sets_those_that_differ():
    text = (CONFIG / "otelcol.yaml").read_text()
    without = list(re.findall(r"\$\{env:(\w+)\}", text))
    assert without == []
    known = set(re.findall(r"\$\{env:(\w+):-", text))
    assert SERVICES["otelcol"]["environment"].keys() - {"GOGC", "GOMEMLIMIT"} <= known


def test_each_variable_of_the_collector_is_in_its_reference_with_its_default():
    page = (CONFIG.parent / "docs" / "reference" / "collector.md").read_text()
    for name, default in re.findall(r"\$\{env:(\w+):-([^}]*)\}", (CONFIG / "otelcol.yaml").read_text()):
        (row,) = [line for line in page.splitlines() if line.startswith("| `") and f"`{name}`" in line]
        known = default in row or default in {"", "/dev/null"} or re.search(r"909[0-3]$", default)
        assert known, f"{name}: {default}"


def test_every_program_has_a_component_that_is_built_and_ports_of_stack_env():
    from collector.stack.build import COMPONENTS

    for program in PROGRAMS.values():
        assert program.component in COMPONENTS
        assert set(program.ports) <= ENV.keys()


def test_the_garbage_collection_of_the_collector_is_the_same_everywhere():
    from collector.stack.programs import GARBAGE_COLLECTION

    environment = SERVICES["otelcol"]["environment"]
    assert {name: environment[name] for name in GARBAGE_COLLECTION} == GARBAGE_COLLECTION


def test_grafana_is_given_the_dashboards_and_kibana_the_saved_objects_of_the_clone():
    folder = CONFIG / "backends" / "grafana" / "provisioning"
    (provider,) = yaml.safe_load((folder / "dashboards" / "folder.yaml").read_text())["providers"]
    assert provider["allowUiUpdates"] is False
    assert f"../dashboards/grafana:{provider['options']['path']}:ro" in SERVICES["grafana"]["volumes"]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (CONFIG.parent / "dashboards" / home.replace("/etc/grafana/dashboards", "grafana")).is_file()
    *_, given = SERVICES["kibana-setup"]["command"]
    assert f"../dashboards/kibana:{given}:ro" in SERVICES["kibana-setup"]["volumes"]


def test_grafana_needs_a_password_unless_stack_env_allows_anonymous_users():
    assert ENV["GRAFANA_ANONYMOUS"] == "false"
    environment = SERVICES["grafana"]["environment"]
    assert environment["GF_AUTH_ANONYMOUS_ENABLED"] == "${GRAFANA_ANONYMOUS}"
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert environment["GF_SECURITY_ADMIN_PASSWORD__FILE"] == "/run/secrets/grafana_password"


def test_data_sources_lead_from_the_metric_to_the_trace_to_the_logs_and_back():
    folder = CONFIG / "backends" / "grafana" / "provisioning" / "datasources"
    sources = {
        s["uid"]: s["jsonData"] for s in yaml.safe_load((folder / "stack.yaml").read_text())["datasources"]
    }
    (exemplar,) = sources["prometheus"]["exemplarTraceIdDestinations"]
    assert (exemplar["name"], exemplar["datasourceUid"]) == ("trace_id", "jaeger")
    assert sources["jaeger"]["tracesToLogsV2"]["datasourceUid"] == "elasticsearch"
    assert sources["jaeger"]["tracesToMetrics"]["datasourceUid"] == "prometheus"
    (link,) = sources["elasticsearch"]["dataLinks"]
    assert (link["field"], link["datasourceUid"]) == ("trace.id", "jaeger")


def test_the_index_of_the_logs_has_one_name_everywhere():
    otelcol = yaml.safe_load((CONFIG / "otelcol.yaml").read_text())
    index = otelcol["exporters"]["elasticsearch"]["logs_index"]
    folder = CONFIG / "backends"
    for path in ("elasticsearch/template.json", "elasticsearch/ism.json"):
        assert f'"{index}-*"' in (folder / path).read_text()
    assert f"index: {index}-*" in (folder / "grafana/provisioning/datasources/stack.yaml").read_text()


def test_each_pipeline_begins_with_the_memory_limiter_and_each_pipeline_of_services_redacts():
    otelcol = yaml.safe_load((CONFIG / "otelcol.yaml").read_text())
    for name, pipeline in otelcol["service"]["pipelines"].items():
        if name != "traces/kept":
            assert pipeline["processors"][0] == "memory_limiter", name
        leaves = any(exporter in otelcol["exporters"] for exporter in pipeline["exporters"])
        if leaves and {"otlp", "prometheus", "file_log", "forward/sampling"} & set(pipeline["receivers"]):
            assert "redaction" in pipeline["processors"], name


def test_each_exporter_has_its_own_queue_on_disk_and_tries_for_ever():
    otelcol = yaml.safe_load((CONFIG / "otelcol.yaml").read_text())
    for name, exporter in otelcol["exporters"].items():
        assert exporter["sending_queue"]["storage"] == "file_storage", name
        tries = exporter.get("retry_on_failure", {}).get("max_elapsed_time") == "0s"
        assert tries or exporter["retry"]["max_retries"] >= 1_000_000, name
