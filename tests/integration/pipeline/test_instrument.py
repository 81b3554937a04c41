"""Under `opentelemetry-instrument` with a distribution that configures the SDK: the same series and spans."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import environment

CONFIGURATOR = """
from opentelemetry import _logs, metrics, trace
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

class Configurator:
    def configure(self, **kwargs):
        tracer, logger = TracerProvider(), LoggerProvider()
        tracer.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        logger.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
        trace.set_tracer_provider(tracer)
        _logs.set_logger_provider(logger)
        metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())]))
"""

APP = """
import os, requests
import otel_trading as ot
from otel_trading import metrics
if "CONFIGURE" in os.environ:
    ot.configure("risk", json_logs=False)
with ot.span("route order"):
    metrics.order_submitted.bind(venue_name="XNAS", order_type="limit", strategy_name="mm").add(1)
    ot.event("trading.order.submitted")
requests.get(os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"])
"""


@pytest.fixture
def distribution(tmp_path: Path) -> Path:
    """A package that is installed nowhere else: a module and its entry point."""
    (tmp_path / "some_distribution.py").write_text(CONFIGURATOR)
    info = tmp_path / "some_distribution-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some-distribution\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[opentelemetry_configurator]\nsome = some_distribution:Configurator\n"
    )
    return tmp_path


def instrument(
    distribution: Path, endpoint: str, *flags: str, **env: str
) -> subprocess.CompletedProcess[str]:
    app = distribution / "app.py"
    app.write_text(APP)
    run = "from opentelemetry.instrumentation.auto_instrumentation import run; run()"
    command = [sys.executable, "-c", run, *flags]
    given = {"PYTHONPATH": os.pathsep.join([str(distribution), os.environ.get("PYTHONPATH", "")])}
    given |= {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_SERVICE_NAME": "risk", **env}
    return subprocess.run(
        [*command, sys.executable, str(app)],
        env=environment(given),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("env", [{}, {"CONFIGURE": "1"}])
def test_all_three_signals_leave_through_the_distribution(
    distribution: Path, collector, env: dict[str, str]
) -> None:
    done = instrument(distribution, collector.endpoint, **env)
    assert done.returncode == 0, done.stderr
    assert "route order" in [span.name for span in collector.spans]
    assert {"trading.order.submitted", "process.memory.usage", "http.client.request.duration"} <= set(
        collector.metrics
    )
    assert "trading.order.submitted" in [record.event_name for record in collector.records]


def test_our_settings_are_flags_of_the_command(distribution: Path, collector) -> None:
    done = instrument(distribution, collector.endpoint, "--trading_insecure", "maybe", CONFIGURE="1")
    assert "insecure (given as OTEL_TRADING_INSECURE) is 'maybe' but must be true or false." in done.stderr


def test_our_detector_gives_the_instance_id_without_configure(distribution: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os\nfrom opentelemetry.sdk.resources import Resource\n"
            "print(Resource.create().attributes['service.instance.id'])",
        ],
        env=environment(
            {"OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "otel_trading", "OTEL_SERVICE_NAME": "risk"}
        ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    from otel_trading._entry_points.instance import stable_id

    assert (done.stdout, done.stderr) == (f"{stable_id('risk')}\n", "")
