"""The names of the recorded series of the objectives, for rules, dashboards and tests.

Each series has the label `slo`; all except the objective and the minimum also have
`deployment_environment_name` and `service_name`. The length of a window is appended to the name of a series
over a window, such as `slo:burn_rate:ratio1h`.
"""

from __future__ import annotations

from typing import Final

SESSION_OPEN: Final = "trading:session:open"
"""1 while a market of the environment is in session, else 0. The series has no label `slo`."""

SESSION_HOURS: Final = "trading:session:hours"
"""Session hours in a window. The series has no label `slo`."""

OBJECTIVE: Final = "slo:objective:ratio"
"""The target, such as 0.9995."""

MINIMUM_BAD: Final = "slo:events_bad:minimum"
"""The number of bad events or slices in a window below which no alert fires."""

EVENTS_TOTAL: Final = "slo:events_total:count"
"""Events of the last evaluation interval, or 1 for a slice of time; in session only."""

EVENTS_BAD: Final = "slo:events_bad:count"
"""Events or slices of the last evaluation interval that missed the objective."""

TOTAL_SUM: Final = "slo:events_total:sum"
"""Events or slices in a window."""

BAD_SUM: Final = "slo:events_bad:sum"
"""Bad events or slices in a window."""

SLI: Final = "slo:sli:ratio"
"""The share of good events in a window, to be compared with the objective."""

BURN_RATE: Final = "slo:burn_rate:ratio"
"""How many times faster than allowed the budget burns in a window; a rate of 1 spends exactly the budget."""

BUDGET_SPENT: Final = "slo:budget_spent:ratio"
"""Share of the whole period's error budget that a window has spent."""

BUDGET_REMAINING: Final = "slo:error_budget:remaining_ratio"
"""Share of the period's error budget that is left; below 0 the objective was missed."""
