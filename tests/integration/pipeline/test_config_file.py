"""OTEL_CONFIG_FILE: the file describes the providers, our own settings stand in its distribution."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from otel_trading.pipeline.setup.resolve import resolve

ROOT = Path(__file__).parents[3]
FILE = """
file_format: "1.0"
resource:
  attributes:
    - {{name: service.name, value: from-the-file}}
tracer_provider:
  processors:
    - batch: {{exporter: {{otlp_http: {{endpoint: "{endpoint}/v1/traces"}}}}}}
meter_provider:
  readers:
    - periodic: {{interval: 5000, exporter: {{otlp_http: {{endpoint: "{endpoint}/v1/metrics"}}}}}}
logger_provider:
  processors:
    - batch: {{exporter: {{otlp_http: {{endpoint: "{endpoint}/v1/logs"}}}}}}
distribution:
  otel_trading: {{json_logs: false, environment: paper}}
"""

WORK = """
import logging
import otel_trading as ot
from otel_trading import metrics
telemetry = ot.configure({arguments})
with ot.span("route order"):
    metrics.order_submitted.bind(venue_name="XNAS", order_type="limit", strategy_name="mm").add(1)
    logging.getLogger("desk").info("routed")
print(telemetry.health().attached_to, telemetry.flush(30), telemetry.shutdown(30))
"""


@pytest.fixture
def file(tmp_path: Path, collector) -> Path:
    path = tmp_path / "otel.yaml"
    path.write_text(FILE.format(endpoint=collector.endpoint))
    return path


def test_the_file_is_applied_and_we_attach_to_its_providers(python, collector, file: Path) -> None:
    done = python(WORK.format(arguments=""), OTEL_CONFIG_FILE=str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "{'traces': 'file', 'metrics': 'file', 'logs': 'file'} True True\n"
    assert [span.name for span in collector.spans] == ["route order"]
    assert "trading.order.submitted" in collector.metrics
    assert [record.body.string_value for record in collector.records] == ["routed"]
    resource = collector.resources[0]
    named = ("service.name", "deployment.environment.name", "telemetry.distro.name")
    assert [resource[key] for key in named] == ["from-the-file", "paper", "otel_trading"]


def test_settings_that_the_file_overrules_are_named(python, file: Path) -> None:
    done = python(
        WORK.format(arguments="'risk', endpoint='http://localhost:9', export_interval=1"),
        OTEL_CONFIG_FILE=str(file),
    )
    assert done.stderr == (
        "otel_trading: OTEL_CONFIG_FILE describes the providers, so that endpoint, export_interval have no "
        "effect\n"
    )


def test_json_lines_are_written_beside_the_files_exporters(python, file: Path) -> None:
    file.write_text(file.read_text().replace("json_logs: false", "json_logs: true"))
    done = python(WORK.format(arguments=""), OTEL_CONFIG_FILE=str(file))
    line = json.loads(done.stdout.splitlines()[0])
    assert (line["message"], line["service"]) == ("routed", "from-the-file")


def test_a_disabled_file_records_nothing(python, collector, file: Path) -> None:
    file.write_text(file.read_text() + "disabled: true\n")
    done = python(WORK.format(arguments=""), OTEL_CONFIG_FILE=str(file))
    assert done.stdout == "{'traces': 'none', 'metrics': 'none', 'logs': 'none'} True True\n"
    assert collector.spans == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "which cannot be used: Configuration file not found: "),
        ("file_format: [", "which cannot be used: Failed to parse YAML: "),
        ('file_format: "0.4"', "which cannot be used: "),
        (
            FILE.replace("batch: {{exporter: {{otlp_http", "batch: {{exporter: {{carrier_pigeon", 1),
            "OTEL_CONFIG_FILE cannot be applied: ",
        ),
        (
            FILE.replace("json_logs", "jsonlogs"),
            "The configuration file sets 'jsonlogs', which otel_trading does not know. "
            "Did you mean 'json_logs'?",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    python, tmp_path: Path, content: str | None, sentence: str
) -> None:
    path = tmp_path / "otel.yaml"
    if content is not None:
        path.write_text(
            content.replace("{{", "{").replace("}}", "}").replace("{endpoint}", "http://127.0.0.1:9")
        )
    done = python("import otel_trading as ot\not.configure()", OTEL_CONFIG_FILE=str(path))
    assert done.returncode == 1
    assert f"otel_trading.errors.ConfigurationError: {sentence}" in done.stderr or (
        f"otel_trading.errors.ConfigurationError: OTEL_CONFIG_FILE names {str(path)!r}, {sentence}"
        in done.stderr
    )


def test_a_missing_package_is_one_sentence_with_the_command(python, file: Path) -> None:
    done = python(
        "import sys\nsys.modules['opentelemetry.configuration'] = None\n"
        "import otel_trading as ot\not.configure()",
        OTEL_CONFIG_FILE=str(file),
    )
    assert done.stderr.splitlines()[-1] == (
        "otel_trading.errors.ConfigurationError: OTEL_CONFIG_FILE needs a package that is not installed: "
        "pip install opentelemetry-configuration"
    )


DESCRIBE = """
import json, otel_trading as ot
from opentelemetry import _logs, metrics, trace
telemetry = ot.configure(environment="paper")
tracer, meter, logger = trace.get_tracer_provider(), metrics.get_meter_provider(), _logs.get_logger_provider()
(reader,) = [reader for reader in meter._metric_readers]
print(json.dumps({
    "resource": [sorted({**p.resource.attributes, "process.pid": 0}.items()) for p in (tracer, logger)],
    "sampler": tracer.sampler.get_description(),
    "interval": getattr(reader, "_export_interval_millis", None) or reader._interval * 1000,
    "temporality": sorted(f"{k.__name__} {v.name}" for k, v in reader._instrument_class_temporality.items()),
    "handlers": [type(handler).__name__ for handler in __import__("logging").getLogger().handlers],
}))
telemetry.shutdown(0)
"""


def test_the_file_that_is_shipped_gives_the_providers_of_the_defaults(python) -> None:
    shipped = ROOT / "examples" / "otel-config.yaml"
    env = {"OTEL_SERVICE_NAME": "risk", "OTEL_EXPORTER_OTLP_ENDPOINT": "", "OTEL_EXPORTER_OTLP_PROTOCOL": ""}
    by_default = python(DESCRIBE, **env)
    by_file = python(DESCRIBE, OTEL_CONFIG_FILE=str(shipped), **env)
    assert by_file.returncode == 0
    assert json.loads(by_file.stdout.splitlines()[0]) == json.loads(by_default.stdout.splitlines()[0])


def test_the_batches_of_the_shipped_file_are_those_of_the_defaults() -> None:
    config = yaml.safe_load((ROOT / "examples" / "otel-config.yaml").read_text())
    defaults = resolve({"service_name": "x"}, {})
    for signal, kind in (("tracer", "span"), ("logger", "log")):
        (processor,) = config[f"{signal}_provider"]["processors"]
        batch = processor["batch"]
        assert (batch["max_queue_size"], batch["max_export_batch_size"], batch["schedule_delay"]) == (
            getattr(defaults, f"{kind}_queue_size"),
            getattr(defaults, f"{kind}_batch_size"),
            getattr(defaults, f"{kind}_delay") * 1000,
        )
    ours = config["distribution"]["otel_trading"]
    assert ours == {name: getattr(defaults, name) for name in ours}
