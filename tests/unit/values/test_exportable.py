"""The conversion of any value into one that OTLP can carry."""

from __future__ import annotations

from datetime import date, datetime, time, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePosixPath
from uuid import UUID

import numpy as np
import pytest

from otel_trading.values.exportable import are_plain, attributes, exportable, named
from otel_trading.values.text import CUT, LONGEST


class Side(Enum):
    BUY = "buy"


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("user code")


class Opaque:
    def __str__(self) -> str:
        raise AssertionError("must not be called")


class RaisingError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("user code")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("IBM", "IBM"),
        (b"IBM", b"IBM"),
        (None, None),
        (True, True),
        (1.5, 1.5),
        (2**63 - 1, 2**63 - 1),
        (2**63, str(2**63)),
        (10**10_000, hex(10**10_000)[:LONGEST]),
        (Side.BUY, "buy"),
        (Text("IBM"), "IBM"),
        (Decimal("1.5"), 1.5),
        (Fraction(3, 2), 1.5),
        (Decimal("1e400"), float("inf")),
        (np.float32(1.5), 1.5),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (datetime(2026, 1, 2, 3, tzinfo=timezone.utc), "2026-01-02T03:00:00+00:00"),
        (date(2026, 1, 2), "2026-01-02"),
        (time(3, 4), "03:04:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (PurePosixPath("/etc/hosts"), "/etc/hosts"),
        (KeyError("price"), "'price'"),
        (RaisingError(), "<RaisingError>"),
        (1 + 2j, "(1+2j)"),
        (Opaque(), "<Opaque>"),
        ((1, "a"), [1, "a"]),
        ({1: Opaque(), "": 2}, {"1": "<Opaque>", "unnamed": 2}),
        ([[[[[1]]]]], [[[["<list>"]]]]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_becomes_one_of_opentelemetrys(value, expected):
    found = exportable(value)
    assert (found, type(found)) == (expected, type(expected))


def test_a_container_is_cut_to_128_items():
    assert exportable(range(1000)) == "<range>"
    assert exportable(list(range(1000))) == list(range(128))
    assert len(exportable({n: n for n in range(1000)})) == 128


def test_long_text_is_cut_and_marked_and_lone_surrogates_are_replaced():
    assert exportable("x" * (LONGEST + 1)) == "x" * LONGEST + CUT
    assert exportable("a\ud800") == "a?"
    assert len(exportable(b"x" * (LONGEST + 1))) == LONGEST


@pytest.mark.parametrize(
    "given",
    [
        {"a": [1]},
        {"a": 2**63},
        {"a": "é"},
        {"é": 1},
        {"": 1},
        {1: 1},
        {"a": "x" * (LONGEST + 1)},
        {"a": None},
    ],
)
def test_attributes_that_the_fast_check_rejects_are_converted(given):
    assert not are_plain(given)
    assert attributes(given) == exportable(given)


def test_plain_attributes_are_returned_as_the_same_object():
    given = {"symbol": "IBM", "quantity": 100, "price": 1.5, "is_open": True}
    assert attributes(given) is given


@pytest.mark.parametrize(
    ("given", "expected"), [("tick", "tick"), ("", "unnamed"), (5, "5"), ([1], "<list>")]
)
def test_a_name_is_text_that_is_not_empty(given, expected):
    assert named(given) == expected
