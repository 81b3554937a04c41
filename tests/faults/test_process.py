"""The process (entries 34 to 51): it ends, forks and is interrupted, and every item arrives once."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_DELTA as DELTA

from tools.faults.endpoint import Endpoint, Mode

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows does not fork and has no SIGTERM handlers"
)

RECORD = """
import multiprocessing, os, signal, sys, time
from concurrent.futures import ProcessPoolExecutor
import otel_trading as ot
from otel_trading import metrics
from opentelemetry import metrics as api

def setup():
    return ot.configure("risk", json_logs=False, span_delay=60, log_delay=60, export_interval=60)

def work(who, count=10):
    counter = metrics.order_submitted.bind(venue_name="XNAS", order_type="limit", strategy_name=who)
    foreign = api.get_meter("lib").create_counter("lib.count")
    for number in range(count):
        with ot.span(f"{who} {number}"):
            ot.event("trading.test", {"who": who})
        counter.add(1)
        foreign.add(1)
        metrics.risk_check_duration.bind(check_type="position", check_result="pass").record(0.001)

def child(who):
    work(who)

def spawned(who):
    setup()
    work(who)
"""


def service_of(resource: Any) -> dict[str, str]:
    found = {pair.key: pair.value for pair in resource.attributes}
    return {
        "instance": found["service.instance.id"].string_value,
        "pid": str(found["process.pid"].int_value),
    }


def sums(endpoint: Endpoint, name: str) -> dict[str, float]:
    """The sum of a metric over its labels per process; of a histogram, its counts."""
    found: dict[tuple[str, str], float] = {}
    for resource in endpoint.items_of("metrics", "resource_metrics"):
        pid = service_of(resource.resource)["pid"]
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                if metric.name == name:
                    kind = metric.WhichOneof("data")
                    for point in getattr(metric, kind).data_points:
                        value = point.count if kind == "histogram" else point.as_int or point.as_double
                        series = pid, str(point.attributes)
                        since_last = getattr(metric, kind).aggregation_temporality == DELTA
                        found[series] = value + (found.get(series, 0) if since_last else 0)
    return {pid: sum(v for (one, _), v in found.items() if one == pid) for pid, _ in found}


def check_counts(endpoint: Endpoint, processes: int, each: int) -> None:
    """Every process exported its own items once, under its own instance id."""
    for name in ("trading.order.submitted", "lib.count", "trading.risk.check.duration"):
        counted = {pid: value for pid, value in sums(endpoint, name).items() if value}
        assert sum(counted.values()) == processes * each, (name, counted)
        assert len(counted) <= processes
    assert len(endpoint.spans) == len(endpoint.records) == processes * each
    assert len({span.span_id for span in endpoint.spans}) == processes * each
    resources = [
        service_of(one.resource)
        for signal in ("traces", "logs", "metrics")
        for one in endpoint.items_of(signal, f"resource_{'spans' if signal == 'traces' else signal}")
    ]
    by_pid = {one["pid"]: one["instance"] for one in resources}
    assert all(by_pid[one["pid"]] == one["instance"] for one in resources)
    assert len(set(by_pid.values())) == len(by_pid)


@pytest.mark.fault(48)
def test_a_forked_child_delivers_its_own_and_nothing_twice(run, endpoint) -> None:
    done = run(
        RECORD + "telemetry = setup()\nwork('parent')\n"
        "pids = []\n"
        "for _ in range(2):\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n"
        "        work('child')\n"
        "        sys.exit(0)\n"
        "    pids.append(pid)\n"
        "for pid in pids: os.waitpid(pid, 0)\n",
        endpoint,
    )
    assert (done.returncode, done.stderr) == (0, "")
    check_counts(endpoint, 3, 10)


@pytest.mark.fault(48)
@pytest.mark.parametrize("temporality", ["cumulative", "delta", "lowmemory"])
def test_counts_before_and_after_a_fork_are_exported_once(run, http, temporality) -> None:
    done = run(
        RECORD + "telemetry = setup()\n"
        "work('parent', 5)\n"
        "telemetry.flush()\n"
        "work('parent', 4)\n"
        "for generation in range(2):\n"
        "    pid = os.fork()\n"
        "    if pid:\n"
        "        os.waitpid(pid, 0)\n"
        "        work('parent', 3)\n"
        "        sys.exit(0)\n"
        "    work('parent', 2)\n"
        "telemetry.flush()\n"
        "work('child', 1)\n",
        http,
        OTEL_TRADING_TEMPORALITY=temporality,
    )
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("trading.order.submitted", "lib.count", "trading.risk.check.duration"):
        assert sorted(sums(http, name).values()) == [3, 5, 12], name


@pytest.mark.fault(48)
def test_threads_that_record_during_a_fork_do_not_block_the_exports_of_a_child(run, http) -> None:
    done = run(
        "import itertools, threading\n" + RECORD + "telemetry = setup()\n"
        "def work_of(number):\n"
        "    metrics.order_submitted.bind(venue_name='XNAS', order_type='limit', strategy_name=f's{number}').add(1)\n"
        "states = metrics.connection_status.bind_states("
        "'state', connection_type='market_data', feed_name='sip')\n"
        "def record_states():\n"
        "    for number in itertools.count():\n"
        "        states.set('connected')\n"
        "        work_of(number % 1900)\n"
        "for _ in range(2): threading.Thread(target=record_states, daemon=True).start()\n"
        "for _ in range(3):\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n"
        "        print(telemetry.flush(10), flush=True)\n"
        "        os._exit(0)\n"
        "    os.waitpid(pid, 0)\n",
        http,
    )
    assert (done.stderr, done.stdout) == ("", "True\n" * 3)


@pytest.mark.fault(48)
def test_a_metric_that_was_created_after_configure_does_not_block_a_fork(run, http) -> None:
    done = run(
        RECORD + "from otel_trading.recording import CounterMetric\n"
        "telemetry = setup()\n"
        "later = CounterMetric(metrics.order_submitted.definition)\n"
        "later.bind(venue_name='XNAS', order_type='limit', strategy_name='late').add(1)\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    print(telemetry.flush(10), flush=True)\n"
        "    os._exit(0)\n"
        "os.waitpid(pid, 0)\n",
        http,
    )
    assert (done.stderr, done.stdout) == ("", "True\n")


@pytest.mark.fault(34, 48)
def test_a_callback_that_is_under_way_at_a_fork_is_called_again_in_the_child(run, http) -> None:
    done = run(
        "from otel_trading.pipeline.collect import isolated_callbacks\n"
        "isolated_callbacks._TIMEOUT_S = 0.05\n" + RECORD + "telemetry = setup()\n"
        "parent = os.getpid()\n"
        "def slow(_):\n"
        "    if os.getpid() == parent: time.sleep(60)\n"
        "    return [api.Observation(7)]\n"
        "api.get_meter('lib').create_observable_up_down_counter('slow', [slow])\n"
        "pid = os.fork()\n"
        "if pid: os.waitpid(pid, 0)\n"
        "telemetry.flush()\n",
        http,
    )
    assert done.returncode == 0
    assert {one for one in sums(http, "slow").values() if one} == {7}


@pytest.mark.fault(48)
def test_a_fork_after_shutdown_wakes_no_reader_and_collects_nothing(run, http) -> None:
    done = run(
        "import threading\n" + RECORD + "telemetry = setup()\n"
        "asked = []\n"
        "api.get_meter('lib').create_observable_counter('seen', [lambda _: asked.append(1) or []])\n"
        "telemetry.shutdown()\n"
        "before = len(asked)\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    print('otel-trading-metrics' in {one.name for one in threading.enumerate()}, flush=True)\n"
        "    os._exit(0)\n"
        "os.waitpid(pid, 0)\n"
        "print(before > 0, len(asked) - before)\n",
        http,
    )
    assert (done.stderr, done.stdout) == ("", "False\nTrue 0\n")


@pytest.mark.fault(48)
def test_a_child_that_is_forked_during_a_scrape_does_not_wait_for_its_locks(run, http) -> None:
    done = run(
        "from threading import Event, Thread\n"
        "from urllib.request import urlopen\n" + RECORD + "telemetry = ot.configure("
        "'risk', json_logs=False, exporters='prometheus', prometheus_port=0)\n"
        "asked, meter = Event(), api.get_meter('lib')\n"
        "meter.create_observable_gauge('slow', [lambda _: (asked.set(), time.sleep(0.5), [])[2]])\n"
        "Thread(target=lambda: urlopen(telemetry.health().metrics_address).read()).start()\n"
        "asked.wait()\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    signal.alarm(20)\n"
        "    meter.create_observable_gauge('new', [])\n"
        "    os._exit(0)\n"
        "print(os.waitpid(pid, 0)[1])\n",
        http,
    )
    assert (done.stderr, done.stdout) == ("", "0\n")


@pytest.mark.fault(34, 48)
def test_a_fork_does_not_wait_for_a_failing_callback(run, http) -> None:
    """The metrics are collected before the fork, and a failure is counted under a lock that a fork holds."""
    done = run(
        RECORD + "telemetry = setup()\n"
        "api.get_meter('lib').create_observable_counter('bad', [lambda _: 1 / 0])\n"
        "pid = os.fork()\n"
        "work('both')\n"
        "if pid: os.waitpid(pid, 0)\n"
        "print(telemetry.health().losses['metrics'])\n",
        http,
    )
    assert done.stdout.startswith("{'callback_failed': ")
    assert len(http.spans) == 20


@pytest.mark.fault(48)
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_deliver_everything(http, tmp_path, method) -> None:
    target = "child" if method == "fork" else "spawned"
    program = tmp_path / "program.py"
    program.write_text(
        RECORD + "if __name__ == '__main__':\n"
        "    setup()\n"
        "    work('parent')\n"
        f"    context = multiprocessing.get_context({method!r})\n"
        f"    children = [context.Process(target={target}, args=(f'c{{n}}',)) for n in range(2)]\n"
        "    for one in children: one.start()\n"
        "    for one in children: one.join()\n"
        "    assert [one.exitcode for one in children] == [0, 0]\n"
    )
    done = run_file(http, program)
    assert (done.returncode, done.stderr) == (0, "")
    check_counts(http, 3, 10)


@pytest.mark.fault(48)
def test_a_pool_of_processes_delivers_everything(run, http) -> None:
    done = run(
        RECORD + "setup()\nwork('parent')\n"
        "with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context('fork')) as pool:\n"
        "    list(pool.map(child, [f'task {n}' for n in range(8)]))\n",
        http,
    )
    assert (done.returncode, done.stderr) == (0, "")
    counted = sum(sums(http, "trading.order.submitted").values())
    assert counted == len(http.spans) == len(http.records) == 90


@pytest.mark.fault(48)
def test_a_server_that_forks_its_workers_after_configure(run, http) -> None:
    """As gunicorn does with --preload: configured once, forked, ended by SIGTERM whose handler exits."""
    done = run(
        RECORD + "setup()\nwork('master')\n"
        "pids = []\n"
        "for n in range(2):\n"
        "    read, write = os.pipe()\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n"
        "        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"
        "        work(f'worker {n}')\n"
        "        os.write(write, b'x')\n"
        "        time.sleep(60)\n"
        "    os.read(read, 1)\n"
        "    pids.append(pid)\n"
        "for pid in pids: os.kill(pid, signal.SIGTERM)\n"
        "print([os.waitpid(pid, 0)[1] for pid in pids])\n",
        http,
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "[0, 0]\n")
    check_counts(http, 3, 10)


@pytest.mark.fault(45, 48)
def test_a_child_that_is_terminated_delivers_what_it_recorded(run, http) -> None:
    done = run(
        RECORD + "def serve(ready):\n"
        "    work('child')\n"
        "    ready.set()\n"
        "    time.sleep(60)\n"
        "setup()\n"
        "context = multiprocessing.get_context('fork')\n"
        "ready = context.Event()\n"
        "one = context.Process(target=serve, args=(ready,))\n"
        "one.start()\n"
        "ready.wait(60)\n"
        "one.terminate()\n"
        "one.join()\n"
        "print(one.exitcode)\n",
        http,
    )
    assert (done.stdout, done.stderr) == ("-15\n", "")
    assert len(http.spans) == 10


@pytest.mark.fault(43, 48)
def test_a_span_that_is_open_at_a_fork_is_its_parents(run, http) -> None:
    done = run(
        RECORD + "setup()\n"
        "with ot.span('around'):\n"
        "    one = multiprocessing.get_context('fork').Process(target=child, args=('child',))\n"
        "    one.start()\n"
        "    one.join()\n"
        "    pid = os.fork()\n"
        "    if pid: os.waitpid(pid, 0)\n",
        http,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [span.name for span in http.spans].count("around") == 1


@pytest.mark.fault(43, 45)
@pytest.mark.parametrize("defer", ["0", "1"])
def test_orders_and_spans_that_are_open_at_the_end_are_exported_as_incomplete(start, http, defer) -> None:
    program = start(
        RECORD + "setup()\n"
        "order = ot.Order('c-1', venue='XNAS', type='limit', side='buy', quantity=1, strategy='mm')\n"
        "order.submitted()\n"
        "with ot.span('session'):\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(60)\n",
        http,
        OTEL_TRADING_DEFER_SPAN_ENDS=defer,
    )
    assert program.stdout.readline() == "ready\n"
    program.send_signal(signal.SIGTERM)
    assert program.wait(60) == -signal.SIGTERM
    marked = {span.name: {pair.key for pair in span.attributes} for span in http.spans}
    assert "otel_trading.incomplete" in marked["session"]
    assert "trading.order.incomplete" in marked["order limit"]


ASYNCIO = """
import asyncio
async def main():
    stopping = asyncio.Event()
    if {before}: asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    setup()
    if not {before}: asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    work('loop')
    print('ready', flush=True)
    await stopping.wait()
    work('cleanup')
    return 4
sys.exit(asyncio.run(main()))
"""


@pytest.mark.fault(45)
@pytest.mark.parametrize("before", [True, False])
def test_the_sigterm_handler_of_an_event_loop_and_its_exit_code_are_kept(start, http, before) -> None:
    program = start(RECORD + ASYNCIO.format(before=before), http)
    assert program.stdout.readline() == "ready\n"
    program.send_signal(signal.SIGTERM)
    assert program.wait(60) == 4
    assert len(http.spans) == 20


@pytest.mark.fault(46)
def test_a_second_sigint_does_not_wait(start, http) -> None:
    http.mode = Mode(hangs=True)
    program = start(
        RECORD + "setup()\nwork('main')\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell may start it with SIGINT ignored
        "try:\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(60)\n"
        "except KeyboardInterrupt:\n"
        "    print('again', flush=True)\n"
        "    raise\n",
        http,
    )
    assert program.stdout.readline() == "ready\n"
    program.send_signal(signal.SIGINT)
    assert program.stdout.readline() == "again\n"
    http.wait_for(
        lambda: len(http.requests) >= 3
    )  # the shutdown runs, and the exports of all three signals hang
    program.send_signal(signal.SIGINT)
    assert program.wait(60) == -signal.SIGINT
    assert program.stderr.read().count("KeyboardInterrupt") == 1


@pytest.mark.fault(50)
def test_shutdown_from_many_threads_and_while_recording_raises_nothing(run, http) -> None:
    done = run(
        RECORD + "import threading\n"
        "telemetry = setup()\n"
        "threads = [threading.Thread(target=work, args=('t', 200)) for _ in range(4)]\n"
        "threads += [threading.Thread(target=telemetry.shutdown) for _ in range(2)]\n"
        "for one in threads: one.start()\n"
        "for one in threads: one.join()\n"
        "routes = {r.signal: r for r in telemetry.health().routes}\n"
        "print(all(r.waiting == 0 for r in routes.values()), telemetry.shutdown())\n",
        http,
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "True True\n")


@pytest.mark.fault(45, 50)
def test_a_sigterm_while_a_shutdown_is_under_way_waits_for_it(start, http) -> None:
    http.mode = Mode(delay=1.0)
    program = start(RECORD + "telemetry = setup()\nwork('main')\ntelemetry.shutdown()\n", http)
    http.wait_for(lambda: http.requests)  # the shutdown runs, and the endpoint is slow
    program.send_signal(signal.SIGTERM)
    assert program.wait(60) == -signal.SIGTERM
    assert len(http.spans) == 10


@pytest.mark.fault(50)
@pytest.mark.parametrize("delivers", [True, False])
def test_a_second_shutdown_returns_the_result_of_the_first(run, http, delivers) -> None:
    http.mode = Mode() if delivers else Mode(status=503)
    done = run(
        RECORD + "telemetry = setup()\nwork('main')\nprint(telemetry.shutdown(1), telemetry.shutdown())\n",
        http,
    )
    assert done.stdout == f"{delivers} {delivers}\n"


@pytest.mark.fault(50)
def test_items_that_a_hung_endpoint_did_not_confirm_are_counted(run, http) -> None:
    http.mode = Mode(hangs=True)
    done = run(
        RECORD + "telemetry = ot.configure('risk', json_logs=False, span_delay=0.01, export_interval=0.05)\n"
        "work('early')\n"
        "while telemetry.health().routes[0].produced == 0: time.sleep(0.01)\n"
        "time.sleep(0.3)\n"
        "began = time.monotonic()\n"
        "telemetry.shutdown(1.5)\n"
        "took = time.monotonic() - began\n"
        "print({r.signal: r.waiting for r in telemetry.health().routes}, took < 10)\n",
        http,
    )
    assert done.stdout == "{'metrics': 0, 'traces': 0, 'logs': 0} True\n"


@pytest.mark.fault(41)
def test_threads_that_outlive_the_main_thread_cause_no_traceback(run, http) -> None:
    done = run(
        RECORD + "import threading\n"
        "setup()\n"
        "def forever():\n"
        "    while True:\n"
        "        with ot.span('t'): ot.event('trading.test')\n"
        "threading.Thread(target=forever, daemon=True).start()\n"
        "class Late:\n"
        "    def __del__(self):\n"
        "        with ot.span('late'): ot.event('trading.test')\n"
        "late = Late()\n"
        "time.sleep(0.05)\n",
        http,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.fault(41)
def test_a_finalizer_that_runs_when_nothing_can_be_imported_any_more_causes_no_traceback(run, http) -> None:
    done = run(
        RECORD + "import builtins\n"
        "setup()\n"
        "class Late:\n"
        "    def __del__(self, span=ot.span, event=ot.event, inject=ot.inject, write=os.write):\n"
        "        with span('late'): event('trading.test')\n"
        "        inject({})\n"  # the first call imports the propagators
        "        write(2, b'over')\n"
        "builtins.late = Late()\n",  # the last module that the interpreter clears
        http,
    )
    assert done.returncode == 0
    assert done.stderr.endswith("over")
    assert "Traceback" not in done.stderr


@pytest.mark.fault(34)
@pytest.mark.usefixtures("guarded")
def test_a_callback_that_misbehaves_harms_its_own_instrument_only(pipelines, http, monkeypatch) -> None:
    from threading import Event

    from opentelemetry.metrics import Observation

    monkeypatch.setattr("otel_trading.pipeline.collect.isolated_callbacks._TIMEOUT_S", 0.05)
    never = Event()
    pipeline = pipelines(http.url)

    def exits(_: object) -> Any:
        sys.exit(3)

    def fails(_: object) -> Any:
        raise ValueError("no")

    for name, callback in {
        "exits": exits,
        "fails": fails,
        "hangs": lambda _: never.wait(),
        "none": lambda _: None,
        "number": lambda _: 5,
        "good": lambda _: [Observation(7)],
    }.items():
        pipeline.meter.create_observable_gauge(name, [callback])
    for _ in range(2):
        http.accepted.clear()
        assert pipeline.flush()
        (good,) = [metric for metric in http.metrics if metric.name == "good"]
        assert good.gauge.data_points[0].as_int == 7
    never.set()


@pytest.mark.fault(35)
@pytest.mark.usefixtures("guarded")
def test_a_processor_of_the_user_that_raises_does_not_reach_the_caller(pipelines, http) -> None:
    from opentelemetry.sdk.trace import SpanProcessor

    import otel_trading as ot

    class Raises(SpanProcessor):
        def on_end(self, span: object) -> None:
            raise ValueError("mine")

    pipeline = pipelines(http.url)
    pipeline.providers.by_signal["traces"].add_span_processor(Raises())
    with ot.span("s"):
        pass
    assert pipeline.flush()
    assert [span.name for span in http.spans] == ["s"]


@pytest.mark.fault(37)
def test_logging_in_odd_places_neither_recurses_nor_blocks(run, http) -> None:
    done = run(
        RECORD + "import logging\n"
        "telemetry = ot.configure('risk', log_level='debug', span_delay=60, log_delay=60)\n"
        "log = logging.getLogger('desk')\n"
        "def handler(*_): log.warning('in a signal handler')\n"
        "signal.signal(signal.SIGUSR1, handler)\n"
        "theirs = logging.StreamHandler(open(os.devnull, 'w'))\n"
        "logging.getLogger().addHandler(theirs)\n"
        "with theirs.lock:\n"  # our handler has no lock
        "    signal.raise_signal(signal.SIGUSR1)\n"
        "    work('locked', 1)\n"
        "class Late:\n"
        "    def __del__(self): log.warning('in a finalizer')\n"
        "Late()\n"
        "print(telemetry.flush(20), file=sys.stderr)\n",
        http,
    )
    assert done.returncode == 0
    assert "True" in done.stderr.splitlines()
    bodies = [record.body.string_value for record in http.records]
    assert {"in a signal handler", "in a finalizer"} <= set(bodies)
    assert not [line for line in bodies if "/v1/logs" in line]


@pytest.mark.fault(44)
def test_without_file_descriptors_the_process_continues_and_its_items_wait(run, http) -> None:
    done = run(
        RECORD + "import json, resource\n"
        "telemetry = setup()\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))\n"
        "work('poor')\n"
        "first = telemetry.flush(1)\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))\n"
        "print(json.dumps([first, {r.signal: r.waiting for r in telemetry.health().routes if r.signal != 'metrics'}]))\n"
        "os._exit(0)\n",
        http,
    )
    flushed, waiting = json.loads(done.stdout)
    assert not flushed
    assert waiting["traces"] == 10
    assert waiting["logs"] >= 10  # the warnings about it wait too


@pytest.mark.fault(49)
@pytest.mark.parametrize("ending", ["os._exit(0)", "os.execv('/bin/true', ['true'])"])
def test_an_end_without_hooks_loses_only_the_items_that_were_not_flushed(run, http, ending) -> None:
    run(
        RECORD + f"telemetry = setup()\nwork('flushed')\nassert telemetry.flush(20)\nwork('lost')\n{ending}",
        http,
    )
    assert {span.name.split()[0] for span in http.spans} == {"flushed"}


def run_file(endpoint: Endpoint, program: os.PathLike[str]) -> Any:
    import subprocess

    from tools.faults.endpoint import environment

    return subprocess.run(
        [sys.executable, str(program)],
        env=environment(endpoint),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
