"""After a backend fails or the Collector crashes, all accepted data arrives, and other backends work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from threading import Event, Thread

import pytest
import requests
from typing_extensions import Self

from tests.stack import otlp
from tools.drills.running import RunningStack, poll_until

OUTAGE = 60.0
RATE = 10
SPANS = 5
JAEGER = "otlp_http/jaeger"


class Load:
    """Sends all three signals at a steady rate in a thread, and counts the accepted items."""

    def __init__(self, stack: RunningStack, service: str) -> None:
        self._stack = stack
        self.service = service
        self._stopping = Event()
        self._thread = Thread(target=self._run)
        self.traces: list[str] = []
        self.records = 0
        self.count = 0
        self.failure: Exception | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        assert self.failure is None, self.failure

    def _run(self) -> None:
        try:
            while not self._stopping.wait(1 / RATE):
                self.send_one()
        except Exception as error:
            self.failure = error

    def send_one(self) -> None:
        trace_id = otlp.new_trace_id()
        self._stack.send("traces", otlp.traces([otlp.span(trace_id) for _ in range(SPANS)], self.service))
        self.traces.append(trace_id)
        self._stack.send("logs", otlp.logs([otlp.record(f"record {self.records}")], self.service))
        self.records += 1
        self._stack.send("metrics", otlp.counter("load.rounds", self.count + 1, self.service))
        self.count += 1


def traces_in(stack: RunningStack, load: Load) -> bool:
    found = [stack.jaeger.trace(trace_id) for trace_id in load.traces]
    return all(trace and len(trace["spans"]) == SPANS for trace in found)


def records_in(stack: RunningStack, load: Load) -> int:
    return stack.count_documents({"term": {"service.name": load.service}})


def samples_in(stack: RunningStack, load: Load) -> tuple[int, float]:
    """Return the number of samples of the load's counter in Prometheus, and its last value."""
    series = f'load_rounds_total{{job="{load.service}"}}'
    asked = f"count_over_time({series}[30m])", f"last_over_time({series}[30m])"
    count, last = (sum(float(found["value"][1]) for found in stack.prometheus.query(q)) for q in asked)
    return int(count), last


def assert_all_arrived(stack: RunningStack, load: Load) -> None:
    """Check that no trace, record or sample is missing, and that no record is stored twice."""
    poll_until("every trace is in Jaeger, whole", lambda: traces_in(stack, load))
    poll_until("every record is in Elasticsearch", lambda: records_in(stack, load) >= load.records)
    assert records_in(stack, load) == load.records
    wanted = (load.count, load.count)
    poll_until("every sample is in Prometheus", lambda: samples_in(stack, load) == wanted)


def arrivals(stack: RunningStack, load: Load) -> dict[str, Callable[[], bool]]:
    """Return a check for each backend: whether a round that is sent after this call has arrived there."""
    traces, rounds = len(load.traces), load.count
    return {
        "jaeger": lambda: len(load.traces) > traces and stack.jaeger.trace(load.traces[traces]) is not None,
        "elasticsearch": lambda: records_in(stack, load) > rounds,
        "prometheus": lambda: samples_in(stack, load)[0] > rounds,
    }


@pytest.fixture(params=["jaeger", "elasticsearch", "prometheus"])
def backend(request: pytest.FixtureRequest, own_stack: RunningStack) -> Iterator[str]:
    yield request.param
    if request.param not in own_stack.programs.running():
        own_stack.programs.start(request.param)


def test_a_backend_that_is_down_for_a_minute_loses_nothing_and_harms_no_other(own_stack, backend):
    with Load(own_stack, f"without-{backend}") as load:
        if (
            backend == "jaeger"
        ):  # Jaeger keeps traces in memory only, so the test ignores the traces before the stop
            load.traces.clear()
        own_stack.programs.stop(backend)
        began = time.monotonic()
        for other, has_arrived in arrivals(own_stack, load).items():
            if other != backend:
                poll_until(f"{other} still receives data", has_arrived)
        Event().wait(OUTAGE - (time.monotonic() - began))
        queue = {"jaeger": "otlp_http/jaeger", "prometheus": "otlp_http/prometheus"}.get(backend, backend)
        assert own_stack.collector_total("otelcol_exporter_queue_size", exporter=queue) > 0
        own_stack.programs.start(backend)
    assert_all_arrived(own_stack, load)


def test_a_collector_that_is_killed_with_full_queues_has_lost_nothing(own_stack):
    for name in ("jaeger", "elasticsearch", "prometheus"):
        own_stack.programs.stop(name)
    load = Load(own_stack, "killed")
    before = own_stack.collector_total("otelcol_processor_batch_batch_send_size_sum", processor="batch/kept")
    for _ in range(100):
        load.send_one()
    queued = "otelcol_processor_batch_batch_send_size_sum"  # counts the items that enter the queue on disk
    spans = before + SPANS * len(load.traces)
    poll_until(
        "every trace is queued", lambda: own_stack.collector_total(queued, processor="batch/kept") == spans
    )
    poll_until(
        "the traces wait in the queue",
        lambda: own_stack.collector_total("otelcol_exporter_queue_size", exporter=JAEGER) > 0,
    )
    own_stack.programs.kill("otelcol")
    own_stack.programs.start("otelcol")
    own_stack.programs.start("elasticsearch", "prometheus", "jaeger")
    assert_all_arrived(own_stack, load)


def test_a_corrupt_queue_is_renamed_and_the_other_queues_keep_their_data(own_stack):
    own_stack.programs.stop("elasticsearch")
    load = Load(own_stack, "corrupt")
    for _ in range(20):
        load.send_one()
    own_stack.programs.kill("otelcol")
    folder = own_stack.deployment.data("otelcol")
    (queue,) = folder.glob("exporter_elasticsearch*")
    queue.write_bytes(b"this is no database" * 1000)
    own_stack.programs.start("otelcol", "elasticsearch")
    assert list(folder.glob("exporter_elasticsearch*.backup*"))
    after = Load(own_stack, "after-corrupt")
    for _ in range(20):
        after.send_one()
    assert_all_arrived(own_stack, after)
    poll_until("the samples are there", lambda: samples_in(own_stack, load) == (load.count, load.count))


def test_a_read_only_index_holds_the_records_until_it_is_writable(own_stack):
    load = Load(own_stack, "read-only")
    load.send_one()
    poll_until("the first record is there", lambda: records_in(own_stack, load) == 1)
    settings = f"{own_stack.elasticsearch.url}/trading-logs-*/_settings"
    block = {"index.blocks.read_only_allow_delete": True}
    requests.put(settings, json=block, timeout=10).raise_for_status()
    for _ in range(20):
        load.send_one()
    poll_until("its traces are in Jaeger", lambda: traces_in(own_stack, load))
    assert records_in(own_stack, load) == 1
    block = {"index.blocks.read_only_allow_delete": None}
    requests.put(settings, json=block, timeout=10).raise_for_status()
    poll_until("every record is there", lambda: records_in(own_stack, load) >= load.records)
    assert records_in(own_stack, load) == load.records


def test_a_record_that_elasticsearch_refuses_is_counted_and_affects_no_other_record(own_stack):
    service = "conflict"
    own_stack.send("logs", otlp.logs([otlp.record("a text", {"conflict": "text"})], service))
    poll_until("the first is there", lambda: own_stack.documents({"term": {"service.name": service}}))
    failed = "otelcol_elasticsearch_docs_processed"  # in Prometheus with dots
    before = own_stack.collector_total(failed, outcome="failed_client")
    records = [otlp.record("an object", {"conflict.inner": 1}), otlp.record("well")]
    own_stack.send("logs", otlp.logs(records, service))
    poll_until(
        "the refused one is counted",
        lambda: own_stack.collector_total(failed, outcome="failed_client") == before + 1,
    )
    poll_until(
        "the other is there", lambda: own_stack.count_documents({"term": {"service.name": service}}) == 2
    )
    assert "failed to index document" in own_stack.programs.log("otelcol")


def test_a_number_in_a_field_of_text_is_stored(own_stack):
    service = "price"
    for price in ("182.10", 182.1, "n/a", 182):
        own_stack.send("logs", otlp.logs([otlp.record("trade", {"trading.price": price})], service))
    poll_until("all are there", lambda: own_stack.count_documents({"term": {"service.name": service}}) == 4)


def test_a_record_that_is_sent_twice_under_its_id_is_stored_once(own_stack):
    service = "twice"
    record = otlp.record("filled", {"log.record.uid": "01JD0000000000000000000000"})
    for _ in range(3):
        own_stack.send("logs", otlp.logs([record], service))
    own_stack.send("logs", otlp.logs([otlp.record("the last")], service))
    poll_until("the last is there", lambda: own_stack.documents({"match": {"message": "last"}}))
    found = own_stack.documents({"term": {"service.name": service}})
    assert sorted(document["message"] for document in found) == ["filled", "the last"]
    assert found[0].get("event.id", found[1].get("event.id")) == "01JD0000000000000000000000"
