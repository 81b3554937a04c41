"""Checks: each proves one property of a rule from its expression and the vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from otel_trading.ops.rules.lint.checks import (
    amounts,
    buckets,
    companions,
    counters,
    matching,
    names,
    rates,
    resolution,
    samples,
    timing,
)
from otel_trading.ops.rules.lint.findings import Finding, Subject

RuleCheck = Callable[[Subject], Iterator[Finding]]

OF_EVERY_RULE: Final[tuple[RuleCheck, ...]] = (
    names.metrics,
    names.matchers,
    names.grouping,
    names.matching,
    buckets.objectives,
    buckets.quantiles_have_buckets,
    matching.pairs,
    matching.self_divisions,
    counters.rates_of_levels,
    rates.ranges,
)
"""The checks of alerts and of recording rules."""

OF_ALERTS: Final[tuple[RuleCheck, ...]] = (
    names.templates,
    buckets.thresholds,
    matching.impossible_shares,
    counters.bare_counters,
    counters.first_events,
    rates.reachable,
    rates.units,
    amounts.parts,
    resolution.conditions,
    samples.minimums,
    timing.budget,
    companions.classes,
    companions.runbooks,
    companions.tests,
)
"""The checks of alerts only."""
