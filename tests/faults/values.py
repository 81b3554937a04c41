"""Strategies that draw from everything a program may pass to telemetry."""

from __future__ import annotations

from hypothesis import strategies as st

from tools.faults.values import HOSTILE, NORMAL

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(2**62, 2**70),
    st.floats(),
    st.text(max_size=50),
    st.characters(categories=["Cs", "Cc", "Cf"]),
    st.binary(max_size=50),
    st.decimals(),
    st.fractions(),
    st.datetimes(),
    st.uuids(),
    st.sampled_from(sorted(HOSTILE.keys() - {"wide", "1 MB", "generator"})).map(lambda name: HOSTILE[name]),
    st.sampled_from(sorted(NORMAL)).map(lambda name: NORMAL[name][0]),
)
keys = st.one_of(st.text(max_size=20), st.none(), st.integers(), st.binary(max_size=5), st.just("x" * 200))
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=8,
)
"""Any value at all."""

attributes = st.one_of(st.dictionaries(keys, anything, max_size=6), anything)
"""Values that a program may pass as attributes."""
