"""An operation times its block, and never raises, even if it is used in the wrong order."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from otel_trading import _losses, metrics
from otel_trading.instruments.operation import Operation
from otel_trading.tracing import span


def test_an_operation_that_was_never_entered_raises_nothing_and_records_no_time_on_exit(seen):
    with ExitStack() as stack:
        stack.push(Operation(span("s"), metrics.event_loop_lag.bind()))  # `push` calls only `__exit__`
    assert seen.span("s").end_time
    assert seen.total("trading.event_loop.lag") == 0
    assert _losses.snapshot() == {"metrics": {"invalid_value": 1}}


def test_an_error_propagates_through_an_operation_that_was_never_entered(seen):
    with pytest.raises(KeyError), ExitStack() as stack:
        stack.push(Operation(span("s")))
        raise KeyError
    assert seen.span("s").attributes["error.type"] == "KeyError"
