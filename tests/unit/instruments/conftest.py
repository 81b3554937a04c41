"""Each test of an instrument starts without the orders of other tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from otel_trading.instruments.order.order import _orders


@pytest.fixture(autouse=True)
def _no_orders_of_other_tests() -> Iterator[None]:
    _orders._forget()
    yield
    _orders._forget()
