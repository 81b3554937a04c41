"""The end of a process: everything is delivered, or the wait is bounded and the loss is counted."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import pytest

SPAN = """
import otel_trading as ot
telemetry = ot.configure("risk", json_logs=False, span_delay=60, log_delay=60, export_interval=60)
with ot.span("last words"):
    pass
"""

NEVER_ANSWERS = """
import json
a = telemetry.flush(0.2)
b = telemetry.shutdown(0.2)
print(a, b, telemetry.shutdown(0.2), json.dumps(telemetry.health().losses))
"""


@pytest.mark.parametrize(
    ("ending", "code"),
    [("", 0), ("raise SystemExit(3)", 3), ("1 / 0", 1), ("import sys; sys.exit('no')", 1)],
)
def test_the_last_span_is_exported_at_exit(python, collector, ending: str, code: int) -> None:
    done = python(SPAN + ending)
    assert done.returncode == code
    assert [span.name for span in collector.spans] == ["last words"]


def test_an_endpoint_that_never_answers_delays_neither_flush_nor_shutdown(python, collector) -> None:
    collector.answering.clear()
    done = python(SPAN + NEVER_ANSWERS)
    assert done.stdout.splitlines()[0].startswith("False False False ")


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_port_that_never_answers_delays_neither_flush_nor_shutdown(python, protocol: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        done = python(
            SPAN + NEVER_ANSWERS,
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{silent.getsockname()[1]}",
            OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
        )
    assert (done.returncode, done.stdout.partition(" {")[0]) == (0, "False False False")


def test_a_refused_connection_is_named_in_health(python) -> None:
    done = python(
        SPAN + "import time\n"
        "telemetry.shutdown(0.5)\n"
        "for _ in range(600):\n"
        "    route = next(r for r in telemetry.health().routes if r.signal == 'traces')\n"
        "    if route.lost:\n"
        "        break\n"
        "    time.sleep(0.1)\n"
        "print(route.lost, route.last_error)",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9",
    )
    assert done.stdout.startswith("1 ")
    assert "refused" in done.stdout


def test_a_collector_that_refuses_is_counted(python, collector) -> None:
    collector.status = 400
    done = python(SPAN + "print(telemetry.flush(30), telemetry.health().losses['traces'])")
    assert done.stdout == "False {'refused': 1}\n"


def test_closing_callbacks_run_before_the_last_export(python, collector) -> None:
    python(SPAN + "from otel_trading import _closing\n_closing.register(lambda: ot.event('trading.bye'))")
    assert [record.event_name for record in collector.records] == ["trading.bye"]


WAIT = SPAN + "print('ready', flush=True)\nimport time\ntime.sleep(60)"


def stop(child: subprocess.Popen[str]) -> int:
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    child.send_signal(signal.SIGTERM)
    return child.wait(60)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM cannot be handled on Windows")
def test_sigterm_exports_and_still_ends_the_process_by_that_signal(process, collector) -> None:
    assert stop(process(WAIT)) == -signal.SIGTERM
    assert [span.name for span in collector.spans] == ["last words"]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM cannot be handled on Windows")
def test_an_earlier_handler_of_sigterm_is_called_and_decides(process, collector) -> None:
    child = process(f"import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n{WAIT}")
    assert stop(child) == 7
    assert [span.name for span in collector.spans] == ["last words"]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM cannot be handled on Windows")
def test_an_ignored_sigterm_stays_ignored_and_shutdown_restores_a_handler(python) -> None:
    done = python(
        "import signal, otel_trading as ot\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "with ot.configure('a', exporters='none'):\n"
        "    print(signal.getsignal(signal.SIGTERM) is signal.SIG_IGN)\n"
        "signal.signal(signal.SIGTERM, signal.default_int_handler)\n"
        "with ot.configure('a', exporters='none'):\n"
        "    print(signal.getsignal(signal.SIGTERM) is signal.default_int_handler)\n"
        "print(signal.getsignal(signal.SIGTERM) is signal.default_int_handler)\n"
    )
    assert done.stdout == "True\nFalse\nTrue\n"


def test_configure_works_off_the_main_thread(python, collector) -> None:
    done = python(
        "from threading import Thread\n"
        f"thread = Thread(target=exec, args=({SPAN!r}, globals()))\n"
        "thread.start()\n"
        "thread.join()"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [span.name for span in collector.spans] == ["last words"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
def test_a_forked_child_exports_under_its_own_instance_id(python, collector) -> None:
    done = python(
        SPAN + "import os, sys\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    with ot.span('of the child'):\n"
        "        pass\n"
        "    print(telemetry.health().pid == os.getpid(), telemetry.health().losses, flush=True)\n"
        "    sys.exit(0)\n"
        "os.waitpid(pid, 0)\n"
        "print(pid)\n"
    )
    assert done.returncode == 0
    mine, pid = done.stdout.splitlines()
    assert mine == "True {}"
    ids = {
        span.name: resource
        for request, resource in zip(collector.requests["/v1/traces"], collector.resources, strict=False)
        for one in request.resource_spans
        for scope in one.scope_spans
        for span in scope.spans
    }
    parent, child = ids["last words"], ids["of the child"]
    assert child["service.instance.id"] == f"{parent['service.instance.id']}-{pid}"
    assert child["process.pid"] == int(pid)


CONFIGURES = """
import multiprocessing, os, sys
import otel_trading as ot

def work():
    telemetry = ot.configure("risk", json_logs=False)
    with ot.span("work"):
        pass
    return telemetry

if __name__ == "__main__":
    telemetry = work()
"""

FORKED = """
    for child in range(2):
        pid = os.fork()
        if pid == 0:
            telemetry.shutdown()
            telemetry = work()
            telemetry.shutdown()
            work()
            sys.exit(0)
        os.waitpid(pid, 0)
"""

SPAWNED = """
    children = [multiprocessing.get_context("spawn").Process(target=work) for _ in range(2)]
    for child in children: child.start()
    for child in children: child.join()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
@pytest.mark.parametrize("children", [FORKED, SPAWNED])
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"OTEL_TRADING_INSTANCE_ID": "pod-7"},
        {"OTEL_RESOURCE_ATTRIBUTES": "service.instance.id=pod-7"},
    ],
)
def test_a_child_that_configures_itself_has_its_own_instance_id(
    python, collector, tmp_path, children: str, given: dict[str, str]
) -> None:
    (tmp_path / "program.py").write_text(CONFIGURES + children)
    done = python(
        f"import runpy; runpy.run_path({str(tmp_path / 'program.py')!r}, run_name='__main__')", **given
    )
    assert done.returncode == 0, done.stderr
    names = {(one["process.pid"], one["service.instance.id"]) for one in collector.resources}
    assert len(names) == len(dict(names)) == 3
    parent = min(names, key=lambda one: len(str(one[1])))
    assert {name for _, name in names} == {
        parent[1] if pid == parent[0] else f"{parent[1]}-{pid}" for pid, _ in names
    }
