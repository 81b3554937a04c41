"""Configure in a separate process: it starts providers, attaches to those of others, and explains failures."""

from __future__ import annotations

import json
import socket
import uuid
from typing import Any

import pytest

NAMESPACE = uuid.UUID("4d63009a-8d0f-11ee-aad7-4c796ed8e320")

WORK = """
import logging
import otel_trading as ot
from otel_trading import metrics

def work():
    with ot.span("route order", {"trading.venue.name": "XNAS"}):
        metrics.order_submitted.bind(venue_name="XNAS", order_type="limit", strategy_name="mm").add(1)
        metrics.risk_check_duration.bind(check_type="position", check_result="pass").record(0.0002)
        logging.getLogger("desk").info("routed %s", "c-1")
"""


def attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


def test_all_three_signals_arrive_under_one_resource(python, collector) -> None:
    done = python(
        WORK + "telemetry = ot.configure('execution-engine', environment='paper', service_namespace='desk')\n"
        "work()\n"
        "print(telemetry.shutdown(30))"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "True"
    assert [span.name for span in collector.spans] == ["route order"]
    assert {"trading.order.submitted", "trading.risk.check.duration", "process.memory.usage"} <= set(
        collector.metrics
    )
    (record,) = [record for record in collector.records if record.body.string_value == "routed c-1"]
    assert record.trace_id == collector.spans[0].trace_id
    resource = collector.resources[0]
    assert all(other == resource for other in collector.resources)
    assert resource["service.instance.id"] == str(
        uuid.uuid5(NAMESPACE, f"{socket.gethostname()}/desk/execution-engine")
    )
    named = ("service.name", "service.namespace", "deployment.environment.name", "telemetry.distro.name")
    assert [resource[key] for key in named] == ["execution-engine", "desk", "paper", "otel_trading"]


def test_a_log_line_on_stdout_is_json_with_the_ids_of_its_span(python, collector) -> None:
    done = python(WORK + "ot.configure('execution-engine')\nwork()")
    (line,) = [json.loads(line) for line in done.stdout.splitlines() if "routed" in line]
    assert (line["message"], line["level"], line["service"]) == ("routed c-1", "INFO", "execution-engine")
    assert line["trace_id"] == collector.spans[0].trace_id.hex()


def test_grpc_console_and_prometheus_at_once(python, collector) -> None:
    done = python(
        WORK + "from urllib.request import urlopen\n"
        "telemetry = ot.configure('risk', exporters=['console', 'prometheus'], prometheus_port=0,\n"
        "                         json_logs=False)\n"
        "work()\n"
        "health = telemetry.health()\n"
        "text = urlopen(health.metrics_address).read().decode()\n"
        "assert 'trading_order_submitted_total{' in text, text\n"
        "assert telemetry.flush(30)\n"
        "print('EXPORTERS', health.exporters, health.attached_to['metrics'], health.running)"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert '"name": "route order"' in done.stdout
    assert '"name": "trading.order.submitted"' in done.stdout
    assert "EXPORTERS ('console', 'prometheus') ours True" in done.stdout
    assert collector.requests == {"/v1/traces": [], "/v1/metrics": [], "/v1/logs": []}


def test_headers_are_sent_and_never_shown(python, collector) -> None:
    done = python(
        WORK
        + "telemetry = ot.configure('risk', headers={'x-token': 'S3CRET'})\nwork()\nprint(telemetry.health())"
    )
    assert done.returncode == 0
    assert {headers["x-token"] for headers in collector.headers} == {"S3CRET"}
    assert "S3CRET" not in done.stdout + done.stderr


def test_other_libraries_record_to_our_providers(python, collector) -> None:
    done = python(
        "import otel_trading as ot\n"
        "from opentelemetry import metrics, trace\n"
        "ot.configure('risk')\n"
        "trace.get_tracer('lib').start_span('theirs').end()\n"
        "metrics.get_meter('lib').create_counter('their.count').add(1)"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [span.name for span in collector.spans] == ["theirs"]
    assert "their.count" in collector.metrics


def test_nothing_is_exported_if_opentelemetry_is_disabled(python, collector) -> None:
    done = python(
        WORK + "telemetry = ot.configure('risk')\n"
        "work()\n"
        "print(telemetry.flush(), telemetry.health().running, telemetry.shutdown())",
        OTEL_SDK_DISABLED="true",
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "True False True\n")
    assert collector.requests == {"/v1/traces": [], "/v1/metrics": [], "/v1/logs": []}


def test_configure_again_after_a_shutdown(python, collector) -> None:
    done = python(
        WORK + "for service in ('first', 'second'):\n"
        "    with ot.configure(service, json_logs=False):\n"
        "        work()\n"
    )
    assert done.returncode == 0
    assert done.stderr == (
        "otel_trading: OpenTelemetry keeps the global providers of the first configure(); telemetry that "
        "other libraries record after a second configure() is not exported\n"
    )
    services = [resource["service.name"] for resource in collector.resources]
    assert set(services) == {"first", "second"}
    assert len(collector.spans) == 2


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            "ot.configure()",
            'The service has no name: call configure("execution-engine"), or set OTEL_SERVICE_NAME.',
        ),
        (
            "ot.configure('a'); ot.configure('a')",
            "configure() was called while telemetry runs: call it once, where the process starts, or first "
            "call shutdown() on the result of the earlier call.",
        ),
        (
            "import socket\n"
            "with socket.create_server(('127.0.0.1', 0)) as taken:\n"
            "    ot.configure('a', exporters='prometheus', prometheus_port=taken.getsockname()[1])",
            "is in use by another process: set another port for /metrics with prometheus_port, or "
            "OTEL_TRADING_PROMETHEUS_PORT.",
        ),
        (
            "ot.configure('a', endpoint='localhost')",
            "endpoint (given as a keyword) is 'localhost' but must be a URL such as http://localhost:4317, "
            "with the scheme http or https.",
        ),
    ],
)
def test_a_failed_start_is_reported_in_one_sentence(python, call: str, sentence: str) -> None:
    done = python("import otel_trading as ot\n" + call)
    last = done.stderr.splitlines()[-1]
    assert last.startswith("otel_trading.errors.ConfigurationError: ")
    assert last.endswith(sentence)


def test_a_busy_port_leaves_nothing_behind(python, collector) -> None:
    done = python(
        "import socket, otel_trading as ot\n"
        "with socket.create_server(('127.0.0.1', 0)) as taken:\n"
        "    try:\n"
        "        ot.configure('a', exporters='otlp,prometheus', prometheus_port=taken.getsockname()[1])\n"
        "    except ot.ConfigurationError:\n"
        "        from opentelemetry import trace\n"
        "        print(type(trace.get_tracer_provider()).__name__)\n"
        "print(ot.configure('a').shutdown(30))"
    )
    assert done.stdout.splitlines() == ["ProxyTracerProvider", "True"]


FOREIGN = """
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
spans, reader = InMemorySpanExporter(), InMemoryMetricReader()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(provider)
metrics.set_meter_provider(MeterProvider([reader]))
def seen():
    data = reader.get_metrics_data().resource_metrics
    names = {m.name for r in data for s in r.scope_metrics for m in s.metrics}
    return [s.name for s in spans.get_finished_spans()], "trading.order.submitted" in names
"""


def test_providers_of_another_library_are_used_and_one_sentence_says_so(python, collector) -> None:
    done = python(
        FOREIGN + WORK + "telemetry = ot.configure('risk', json_logs=False)\n"
        "work()\n"
        "print(seen())\n"
        "print(telemetry.health().attached_to, telemetry.flush(30), telemetry.shutdown(30))"
    )
    assert done.stderr == (
        "otel_trading: another library has set the providers of traces, metrics; they are used, and its "
        "exporters export the telemetry\n"
    )
    assert done.stdout.splitlines() == [
        "(['route order'], True)",
        "{'traces': 'foreign', 'metrics': 'foreign', 'logs': 'ours'} True True",
    ]
    assert [record.body.string_value for record in collector.records] == ["routed c-1"]
    assert collector.spans == []


def test_the_entry_point_attaches_to_global_providers_and_configure_may_follow(python, collector) -> None:
    done = python(
        FOREIGN + WORK + "from otel_trading.pipeline import attach_to_globals\n"
        "attach_to_globals()\n"
        "attach_to_globals()\n"
        "work()\n"
        "print(seen())\n"
        "print(ot.configure('risk', json_logs=False).health().attached_to['traces'])\n"
        "work()\n"
        "data = reader.get_metrics_data().resource_metrics\n"
        "points = {m.name: m.data.data_points for r in data for s in r.scope_metrics for m in s.metrics}\n"
        "print([point.value for point in points['trading.order.submitted']])\n"
        "print([point.count for point in points['trading.risk.check.duration']])"
    )
    assert done.returncode == 0
    assert done.stdout.splitlines() == ["(['route order'], True)", "foreign", "[2]", "[2]"]


def test_the_entry_point_does_nothing_without_global_providers(python) -> None:
    done = python(
        "from otel_trading.pipeline import attach_to_globals, is_running\n"
        "attach_to_globals()\n"
        "print(is_running())"
    )
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_import_brings_in_no_exporter_no_instrumentation_and_no_sdk_provider(python) -> None:
    done = python(
        "import sys, otel_trading\n"
        "heavy = ('opentelemetry.exporter', 'opentelemetry.instrumentation', 'opentelemetry.sdk.trace',\n"
        "         'opentelemetry.sdk.metrics', 'opentelemetry.sdk._logs', 'grpc', 'google', 'requests',\n"
        "         'prometheus_client', 'pytest')\n"
        "print([name for name in sys.modules if name.startswith(heavy)])"
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
