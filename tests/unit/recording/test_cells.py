"""Which values a cell keeps, rejects and converts."""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import context, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import NonRecordingSpan

from otel_trading import _losses
from otel_trading.recording import form
from otel_trading.recording.cells import Exemplar

BOUNDS = (1.0, 5.0, 10.0)


class Numbers(NamedTuple):
    """The numbers that a drain returns."""

    counts: list[int]
    total: float
    smallest: float
    largest: float
    exemplars: Sequence[Exemplar]


def drained_from(cell):
    drained = cell.drain()
    return None if drained is None else Numbers(*drained)


def histogram(bounds=BOUNDS, *, signed=False):
    cell = form.CELLS.histogram()
    cell.switch_on(bounds, signed=signed)
    return cell


def counter():
    cell = form.CELLS.counter()
    cell.switch_on()
    return cell


def level():
    cell = form.CELLS.gauge()
    cell.switch_on()
    return cell


class RaisingFloat:
    def __float__(self):
        raise RuntimeError("user code")


NOT_NUMBERS = [
    None,
    "1",
    b"1",
    True,
    False,
    np.bool_(True),
    object(),
    RaisingFloat(),
    [1],
    math.nan,
    math.inf,
    -math.inf,
]


def test_a_value_on_a_boundary_belongs_to_the_bucket_below_it():
    cell = histogram()
    for value in (0.0, 1.0, 1.0001, 10.0, 10.0001):
        cell.record(value)
    assert drained_from(cell).counts == [2, 1, 1, 1]


@given(st.lists(st.floats(0, 1e300)))
def test_a_drain_holds_count_sum_and_extremes_of_the_recorded_values(values):
    cell = histogram()
    for value in values:
        cell.record(value)
    drained = drained_from(cell)
    if not values:
        assert drained is None
        return
    total = 0.0
    for value in values:
        total += value
    assert (sum(drained.counts), drained.total) == (len(values), total)
    assert (drained.smallest, drained.largest) == (min(values), max(values))


def test_a_second_drain_finds_nothing():
    cell = histogram()
    cell.record(2)
    assert drained_from(cell).counts == [0, 1, 0, 0]
    assert drained_from(cell) is None


@pytest.mark.parametrize("value", [*NOT_NUMBERS, -0.1])
def test_a_histogram_counts_values_that_it_cannot_record_as_lost(value):
    cell = histogram()
    cell.record(value)
    assert drained_from(cell) is None
    assert _losses.snapshot() == {"metrics": {"invalid_value": 1}}


def test_a_signed_histogram_takes_negative_values():
    cell = histogram((-5.0, 0.0, 5.0), signed=True)
    for value in (-7.0, -5.0, -1.0, 3.0):
        cell.record(value)
    assert drained_from(cell) == ([2, 1, 1, 0], -10.0, -7.0, 3.0, ())


@pytest.mark.parametrize(
    "value",
    [Decimal("2.5"), Fraction(5, 2), np.float64(2.5), np.float32(2.5)],
    ids=lambda v: type(v).__name__,
)
def test_a_value_that_converts_to_a_float_is_recorded_as_that_float(value):
    cell, total = histogram(), counter()
    cell.record(value)
    total.add(value)
    drained = drained_from(cell)
    assert (drained.counts, drained.total, type(drained.total)) == ([0, 1, 0, 0], 2.5, float)
    assert (total.read(), type(total.read())) == (2.5, float)
    assert _losses.snapshot() == {}


def test_a_counter_keeps_integers_exact():
    cell = counter()
    for _ in range(3):
        cell.add(2**60)
    cell.add()
    assert cell.read() == 3 * 2**60 + 1


def test_a_sum_beyond_64_bits_becomes_a_float_that_otlp_can_carry():
    cell, high = counter(), level()
    cell.add(2**63)
    high.set(-(2**64))
    assert (cell.read(), type(cell.read())) == (2.0**63, float)
    assert (high.read(), type(high.read())) == (-(2.0**64), float)
    cell.add(10**400)
    assert cell.read() == sys.float_info.max


@pytest.mark.parametrize("amount", [*NOT_NUMBERS, -1, -0.1, Decimal(-1)])
def test_a_counter_counts_amounts_that_it_cannot_add_as_lost(amount):
    cell = counter()
    cell.add(5)
    cell.add(amount)
    assert cell.read() == 5
    assert _losses.snapshot() == {"metrics": {"invalid_value": 1}}


def test_a_level_has_no_value_before_it_is_set():
    cell = level()
    assert cell.read() is None
    cell.set(0)
    assert cell.read() == 0


@given(st.lists(st.tuples(st.sampled_from(["set", "add"]), st.integers(-(10**9), 10**9)), min_size=1))
def test_a_level_is_its_last_setting_plus_the_amounts_added_since(steps):
    cell, expected = level(), 0
    for verb, number in steps:
        getattr(cell, verb)(number)
        expected = number if verb == "set" else expected + number
    assert cell.read() == expected


@pytest.mark.parametrize("value", NOT_NUMBERS)
def test_a_level_keeps_its_last_good_value(value):
    cell = level()
    cell.set(-3.5)
    cell.set(value)
    cell.add(value)
    assert cell.read() == -3.5
    assert _losses.snapshot() == {"metrics": {"invalid_value": 2}}


def test_a_switched_off_cell_ignores_everything_and_loses_nothing():
    cells = form.CELLS.histogram(), form.CELLS.counter(), form.CELLS.gauge()
    for value in (1, None, math.nan, Decimal(1)):
        cells[0].record(value)
        cells[1].add(value)
        cells[2].set(value)
    assert drained_from(cells[0]) is None
    assert (cells[1].read(), cells[2].read()) == (0, None)
    assert _losses.snapshot() == {}


def test_switching_on_starts_at_zero_and_a_bound_method_stays_valid():
    cell = histogram()
    record = cell.record
    record(2)
    cell.switch_off()
    record(2)
    cell.switch_on((100.0,), signed=False)
    record(2)
    assert drained_from(cell).counts == [1, 0]


def test_a_plain_instrument_gets_the_valid_values_only():
    seen: list[float] = []
    cell = histogram()
    cell.switch_to(seen.append)
    for value in (1.5, Decimal("2.5"), -1, None):
        cell.record(value)
    assert seen == [1.5, 2.5]
    assert _losses.snapshot() == {"metrics": {"invalid_value": 2}}


def test_each_bucket_keeps_the_first_exemplar_of_a_sampled_span():
    cell = histogram()
    with TracerProvider().get_tracer("t").start_as_current_span("s") as span:
        for value in (0.5, 0.6, 7.0):
            cell.record(value)
    exemplars = drained_from(cell).exemplars
    assert [e.value for e in exemplars] == [0.5, 7.0]
    traces = {trace.get_current_span(e.context).get_span_context().trace_id for e in exemplars}
    assert traces == {span.get_span_context().trace_id}


class Broken(NonRecordingSpan):
    """A span without a context."""

    def get_span_context(self):
        return None


@pytest.mark.parametrize(
    "current", [None, "x", trace.set_span_in_context(Broken(trace.INVALID_SPAN_CONTEXT))]
)
def test_a_value_is_recorded_in_any_current_context(current, monkeypatch):
    monkeypatch.delenv("PYTEST_VERSION")  # in production the guard does not raise
    cell, token = histogram(), context.attach(current)
    try:
        cell.record(0.5)
    finally:
        context.detach(token)
    assert (drained_from(cell).total, drained_from(cell)) == (0.5, None)


def test_an_unsampled_span_gives_no_exemplar():
    cell = histogram()
    with TracerProvider(sampler=ALWAYS_OFF).get_tracer("t").start_as_current_span("s"):
        cell.record(0.5)
    assert drained_from(cell).exemplars == ()


def test_a_cell_stops_looking_for_exemplars_until_the_next_drain():
    cell = histogram()
    for _ in range(100):
        cell.record(0.5)
    tracer = TracerProvider().get_tracer("t")
    with tracer.start_as_current_span("s"):
        cell.record(0.5)
        assert drained_from(cell).exemplars == ()
        cell.record(0.5)
    assert len(drained_from(cell).exemplars) == 1


def test_four_threads_lose_nothing_while_a_fifth_collects():
    cell, total, records, drained = histogram(), counter(), 50_000, []
    start, done = threading.Barrier(5), threading.Event()

    def write():
        start.wait()
        for _ in range(records):
            cell.record(7.0)
            total.add(3)

    def collect():
        start.wait()
        while not done.is_set():
            drained.append(drained_from(cell))

    writers = [threading.Thread(target=write) for _ in range(4)]
    collector = threading.Thread(target=collect)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in (*writers, collector):
            thread.start()
        for thread in writers:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
        done.set()
        collector.join()
    drained.append(drained_from(cell))
    found = [d for d in drained if d is not None]
    assert sum(sum(d.counts) for d in found) == 4 * records
    assert sum(d.total for d in found) == 4 * records * 7.0
    assert total.read() == 4 * records * 3


class Slow(float):
    """A number whose conversion waits; a cell with a lock holds it meanwhile."""

    asked = threading.Event()
    answers = threading.Event()

    def __float__(self) -> float:
        Slow.asked.set()
        Slow.answers.wait(60)
        return 1.0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("make", [histogram, counter, level])
def test_a_child_can_use_a_cell_that_a_thread_was_using_at_the_fork(make):
    cell = make()
    record = cell.record if make is histogram else cell.add
    Slow.asked.clear()
    Slow.answers.clear()
    thread = threading.Thread(target=record, args=(Slow(),))
    thread.start()
    Slow.asked.wait(60)
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # instead of waiting forever
        record(1)
        _ = drained_from(cell) if make is histogram else cell.read()
        os._exit(0)
    Slow.answers.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0
