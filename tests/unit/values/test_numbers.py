"""Numbers that can be recorded, and numbers that a caller gives."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from otel_trading import _losses
from otel_trading.values.numbers import (
    LARGEST,
    as_number,
    clamped,
    converted,
    fits_int64,
    number,
    optional_price,
    price,
    quantity,
)

INVALID = {"metrics": {"invalid_value": 1}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, 1), (1.5, 1.5), (Decimal("1.5"), 1.5), (np.float32(0.5), 0.5), (np.int8(3), 3.0)],
)
def test_a_finite_number_is_accepted(value, expected):
    assert as_number(value) == expected


@pytest.mark.parametrize(
    "value",
    ["1", b"1", True, np.bool_(True), None, [1], float("nan"), float("inf"), 10**400, Decimal("1e400")],
)
def test_other_values_are_not_numbers(value):
    assert as_number(value) is None


def test_64_bits_are_the_limit_of_an_integer():
    assert [fits_int64(n) for n in (-(2**63) - 1, -(2**63), 2**63 - 1, 2**63)] == [False, True, True, False]


@pytest.mark.parametrize(("value", "expected"), [(10**400, LARGEST), (-(10**400), -LARGEST), (1, 1.0)])
def test_a_number_is_clamped_to_a_finite_double(value, expected):
    assert clamped(value) == expected


def test_decimal_text_is_converted_with_a_warning(caplog):
    assert converted("182.10") == 182.1
    assert [r.getMessage() for r in caplog.records] == [
        "otel_trading: a number was given as text, and converted"
    ]


@pytest.mark.parametrize("given", ["n/a", "nan", "inf", "1e400", None, True])
def test_a_value_that_is_not_a_number_is_counted(given):
    assert converted(given) is None
    assert number(given) is None
    assert _losses.snapshot() == INVALID


@pytest.mark.parametrize(
    ("convert", "given", "expected"),
    [
        (quantity, Decimal(3), 3.0),
        (quantity, 0, None),
        (quantity, -1, None),
        (price, -37.63, -37.63),
        (price, 0, None),
        (optional_price, 1, 1.0),
        (optional_price, "n/a", None),
    ],
)
def test_a_quantity_is_above_zero_and_a_price_is_not_zero(convert, given, expected):
    assert convert(given) == expected
    assert _losses.snapshot() == ({} if expected is not None else INVALID)


def test_a_price_that_was_not_given_is_not_counted():
    assert optional_price(None) is None
    assert _losses.snapshot() == {}
