"""Attributes of a span that hold a copy of others."""

from __future__ import annotations

import pytest
from opentelemetry.attributes import BoundedAttributes

from otel_trading._sdk.attributes import copied


@pytest.mark.parametrize(("most", "longest"), [(None, None), (3, 10)])
def test_a_copy_equals_attributes_that_the_sdk_made(most, longest):
    given = {"symbol": "IBM", "quantity": 100}
    made = copied(given, most, longest)
    theirs = BoundedAttributes(most, given, immutable=False, max_value_len=longest)
    assert dict(made) == dict(theirs)
    assert (made.maxlen, made.max_value_len, made.dropped) == (theirs.maxlen, theirs.max_value_len, 0)


def test_a_copy_is_independent_of_the_original():
    given = {"symbol": "IBM"}
    made = copied(given, None, None)
    made["venue"] = "XNAS"
    assert given == {"symbol": "IBM"}


def test_a_copy_keeps_the_count_of_dropped_attributes():
    given = BoundedAttributes(1, {"a": 1, "b": 2}, immutable=False)
    assert copied(given, None, None).dropped == 1
