"""An operation times its block, and never raises, however it is used."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from otel_trading import _losses, metrics
from otel_trading.instruments.operation import Operation
from otel_trading.tracing import span


def test_an_operation_that_is_left_without_being_entered_raises_nothing_and_records_no_time(seen):
    with ExitStack() as stack:
        stack.push(Operation(span("s"), metrics.event_loop_lag.bind()))  # which takes the exit alone
    assert seen.span("s").end_time
    assert seen.total("trading.event_loop.lag") == 0
    assert _losses.snapshot() == {"metrics": {"invalid_value": 1}}


def test_what_a_block_raises_goes_on_where_it_was_never_entered(seen):
    with pytest.raises(KeyError), ExitStack() as stack:
        stack.push(Operation(span("s")))
        raise KeyError
    assert seen.span("s").attributes["error.type"] == "KeyError"
