"""Strategies of hypothesis that several tests share."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

prices = st.floats(0.01, 10_000.0).map(lambda price: round(price, 4))
"""Prices of an equity, in USD."""

quantities = st.one_of(
    st.integers(1, 1_000),
    st.floats(0.001, 1_000.0).map(lambda quantity: round(quantity, 3)),
)
"""Quantities, whole and fractional shares."""

sides = st.sampled_from(["buy", "sell", "sell_short"])
order_types = st.sampled_from(["market", "limit", "stop", "stop_limit", "trailing_stop"])


class Colour(Enum):
    """An enum that has nothing to do with trading."""

    RED = "red"


class Hostile:
    """An object whose conversions raise."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__

    def __float__(self) -> float:
        raise RuntimeError("no number")


not_numbers: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([float("nan"), float("inf"), float("-inf"), 10**400, Decimal("NaN"), 1j]),
    st.sampled_from(["", "ten", "nan", b"5", Colour.RED, (), [1], {}, object(), Hostile()]),
)
"""Values that cannot be converted to a finite number."""

numbers_in_disguise: st.SearchStrategy[Any] = st.one_of(
    st.decimals(Decimal("0.01"), Decimal(1000), places=2),
    st.fractions(Fraction(1, 100), Fraction(1000)),
    st.integers(1, 1000).map(str),
)
"""Numbers above zero that are neither int nor float, and normal in trading."""

not_sizes: st.SearchStrategy[Any] = st.one_of(
    not_numbers, st.sampled_from([0, -1, -0.5, Decimal(-2), "-3", "0"])
)
"""Values that are not finite numbers above zero."""

not_words: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(["BUY", "", "sell short", "\ud800", "x" * 300]),
    st.none(),
    st.integers(),
    st.sampled_from([Colour.RED, object(), Hostile(), [1], {}]),
)
"""Values that are not in any closed set of the registry."""

not_names: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.integers(), st.booleans(), st.sampled_from(["", "  ", b"x", (), [], object()])
)
"""Values that are not names."""
