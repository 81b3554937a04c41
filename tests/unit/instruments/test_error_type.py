"""One exception has one `error.type`: in the metric of an instrument, in that of `traced`, and on the spans."""

from __future__ import annotations

from contextlib import suppress

import pytest
from requests.exceptions import ConnectionError as RequestsConnectionError

from otel_trading import metrics
from otel_trading.instruments import Model
from otel_trading.tracing import traced

ATTRIBUTES = {"trading.model.name": "by traced"}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RequestsConnectionError("x"), "requests.exceptions.ConnectionError"),
        (ZeroDivisionError("x"), "ZeroDivisionError"),
    ],
)
def test_the_error_type_of_an_exception_is_the_same_everywhere(seen, error, expected):
    model = Model("by model", strategy="mm", feature_set="book")

    @traced("infer", duration=metrics.signal_inference_duration, attributes=ATTRIBUTES)
    def infer():
        raise error

    with suppress(type(error)), model.inference():
        raise error
    with suppress(type(error)):
        infer()
    points = seen.points("trading.signal.inference.duration")
    by_model = {point.attributes["trading.model.name"]: point.attributes["error.type"] for point in points}
    assert by_model == {"by model": expected, "by traced": expected}
    assert [span.attributes["error.type"] for span in seen.spans] == [expected, expected]
