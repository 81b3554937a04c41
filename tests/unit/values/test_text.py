"""Text of bounded length that UTF-8 can encode."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_trading.values.text import CUT, LONGEST, bounded, described, type_name


@given(st.text())
def test_text_that_needs_no_change_is_returned_as_the_same_object(text):
    assert bounded(text) is text


@pytest.mark.parametrize(
    ("text", "expected"),
    [("x" * (LONGEST + 1), "x" * LONGEST + CUT), ("a\ud800é", "a?é"), ("\ud83d" * 2, "??")],
)
def test_long_text_is_cut_and_lone_surrogates_are_replaced(text, expected):
    assert bounded(text) == expected


class Raising:
    def __str__(self) -> str:
        raise RuntimeError("user code")


def test_a_description_falls_back_to_the_name_of_the_type():
    assert described(5) == "5"
    assert described(Raising()) == type_name(Raising()) == "<Raising>"
