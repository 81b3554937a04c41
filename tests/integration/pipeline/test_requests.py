"""Calls of `requests`: timed in seconds, traced, and without the secrets of their URLs."""

from __future__ import annotations

from typing import Any

from otel_trading.semconv import ALL_METRICS

CALL = """
import os, requests
import otel_trading as ot
telemetry = ot.configure("execution-engine", json_logs=False)
url = os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"].replace("//", "//me:S3CRET@") + "/v2/orders"
requests.get(url, params={"apikey": "S3CRET"})
try:
    requests.get("http://me:S3CRET@127.0.0.1:9/v2/orders?apikey=S3CRET")
except requests.ConnectionError:
    pass
"""


def attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


def test_a_call_is_timed_under_the_stable_conventions(python, collector) -> None:
    done = python(CALL)
    assert (done.returncode, done.stderr) == (0, "")
    metric = collector.metrics["http.client.request.duration"]
    by_error = {attributes(p.attributes).get("error.type"): p for p in metric.histogram.data_points}
    assert set(by_error) == {None, "ConnectionError"}
    definition = next(m for m in ALL_METRICS if m.name == "http.client.request.duration")
    assert (metric.unit, tuple(by_error[None].explicit_bounds)) == ("s", definition.boundaries)
    assert attributes(by_error[None].attributes)["http.response.status_code"] == 200


def test_no_secret_of_a_url_leaves_the_process(python, collector) -> None:
    python(CALL)
    good, bad = collector.spans
    assert attributes(good.attributes)["url.full"].endswith("/v2/orders?REDACTED")
    assert "?REDACTED" in bad.status.message
    assert "S3CRET" not in str(collector.requests)


def test_an_earlier_choice_of_conventions_is_kept(python) -> None:
    done = python(
        CALL + "print(os.environ['OTEL_SEMCONV_STABILITY_OPT_IN'])", OTEL_SEMCONV_STABILITY_OPT_IN="database"
    )
    assert done.stdout == "database,http\n"


def test_requests_is_not_instrumented_after_shutdown_or_if_the_setting_is_off(python) -> None:
    done = python(
        "import otel_trading as ot, requests\n"
        "def applied():\n"
        "    return hasattr(requests.Session.send, 'opentelemetry_instrumentation_requests_applied')\n"
        "with ot.configure('a', exporters='none', instrument_requests=False):\n"
        "    print(applied())\n"
        "with ot.configure('a', exporters='none'):\n"
        "    print(applied())\n"
        "print(applied())"
    )
    assert done.stdout == "False\nTrue\nFalse\n"


def test_the_instrumentation_of_another_library_stays(python) -> None:
    done = python(
        "import otel_trading as ot\n"
        "from opentelemetry.instrumentation.requests import RequestsInstrumentor\n"
        "RequestsInstrumentor().instrument()\n"
        "ot.configure('a', exporters='none').shutdown()\n"
        "print(RequestsInstrumentor().is_instrumented_by_opentelemetry)"
    )
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_without_requests_nothing_is_instrumented(python) -> None:
    done = python(
        "import sys, importlib.util\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *a: None if name == 'requests' else find(name, *a)\n"
        "import otel_trading as ot\n"
        "ot.configure('a', exporters='none')\n"
        "print('requests' in sys.modules)"
    )
    assert (done.stdout, done.stderr) == ("False\n", "")
