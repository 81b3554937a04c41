"""The series that the objectives are recorded in, for rules, dashboards and tests.

Each carries the label `slo`; all but the objective and the minimum carry `deployment_environment_name` and
`service_name` as well. A name that ends in a window's length is completed by it: `slo:burn_rate:ratio1h`.
"""

from __future__ import annotations

from typing import Final

SESSION_OPEN: Final = "trading:session:open"
"""1 while a market of the environment is in session, 0 while it is not; has no label `slo`."""

SESSION_HOURS: Final = "trading:session:hours"
"""Session hours in a window; has no label `slo`."""

OBJECTIVE: Final = "slo:objective:ratio"
"""The target, such as 0.9995."""

MINIMUM_BAD: Final = "slo:events_bad:minimum"
"""Fewer bad events or slices than this in a window alert nobody."""

EVENTS_TOTAL: Final = "slo:events_total:count"
"""Events of the last evaluation interval, or 1 for a slice of time; in session only."""

EVENTS_BAD: Final = "slo:events_bad:count"
"""Those of them that missed the objective."""

TOTAL_SUM: Final = "slo:events_total:sum"
"""Events, or slices, in a window."""

BAD_SUM: Final = "slo:events_bad:sum"
"""Bad ones in a window."""

SLI: Final = "slo:sli:ratio"
"""The share that was good in a window: what the objective is compared with."""

BURN_RATE: Final = "slo:burn_rate:ratio"
"""How many times faster than allowed the budget burns in a window; 1 spends exactly the budget."""

BUDGET_SPENT: Final = "slo:budget_spent:ratio"
"""Share of the whole period's error budget that a window has spent."""

BUDGET_REMAINING: Final = "slo:error_budget:remaining_ratio"
"""Share of the period's error budget that is left; below 0 the objective is missed."""
