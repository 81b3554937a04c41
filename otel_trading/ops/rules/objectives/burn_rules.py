"""The rules of the objectives: what is counted, how fast budgets burn, who is told, and what is left.

Each objective is counted at every evaluation, in session only: events or slices of time, and the bad ones.
All windows are sums of those two series, and the period's budget is a sum of sums, so that no rule reads days
of buckets: 30 days are 43,200 samples of a series, in place of 518,400 of each bucket of each instance.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import promql_parser

from otel_trading.ops.rules.objectives import series
from otel_trading.ops.rules.objectives.slo import OCCURRENCES, Slo
from otel_trading.ops.rules.objectives.windows import BurnAlert, Policy, Window
from otel_trading.ops.rules.rule_file import duration

_BY: Final = "deployment_environment_name, service_name"
_IN_SESSION: Final = f"and on (deployment_environment_name) {series.SESSION_OPEN} == 1"
_NOT_IDLE: Final = 'trading_connection_status{trading_connection_state!="idle"}'
_RUNBOOKS: Final = "https://otel-trading.dev/runbooks"
_DASHBOARD: Final = "http://127.0.0.1:3000/d/slo?var-environment={{ $labels.deployment_environment_name }}"
_TRACES: Final = "http://127.0.0.1:16686/search?service={{ $labels.service_name }}"

Rule = dict[str, Any]


def groups(slos: list[Slo], policy: Policy) -> list[dict[str, Any]]:
    """Return the rule groups of all objectives, as they stand in a rule file.

    Args:
        slos: The objectives.
        policy: Its first alert is raised in the group that counts; each of the others has its own.
    """
    counting = [_session_open(policy), *(rule for slo in slos for rule in _counts(slo, policy))]
    budget = _budget(policy, policy.alerts[-1].interval)
    summed: set[str] = set()
    found: list[dict[str, Any]] = []
    for alert in policy.alerts:
        rules = [rule for length in alert.lengths if length not in summed for rule in _sums(length)]
        rules += [rule for window in alert.windows for rule in _spent(window.long, policy)]
        rules.append(_alert(alert, policy))
        summed |= set(alert.lengths)
        found.append({"name": f"trading.slo.{alert.name}", "interval": alert.interval, "rules": rules})
    found[0]["rules"] = counting + found[0]["rules"]
    found[-1]["rules"] += budget
    return found


def _session_open(policy: Policy) -> Rule:
    """What is not idle is in session; of an environment that says nothing any more, the last word stands."""
    by = "max by (deployment_environment_name)"
    return _record(
        series.SESSION_OPEN,
        f"{by} ({_NOT_IDLE}) or {by} (last_over_time({_NOT_IDLE}[{policy.last_state}]))",
    )


def _counts(slo: Slo, policy: Policy) -> Iterator[Rule]:
    counted, minimum = f'{series.EVENTS_TOTAL}{{slo="{slo.name}"}}', policy.minimum_bad[slo.budgeting]
    none = f"or on ({_BY}) 0 * {counted}"
    if slo.budgeting == OCCURRENCES:
        total, good = _events(slo.total, policy), _events(slo.good, policy)
        bad = f"clamp_min({counted} - on ({_BY}) ({good} {none}), 0)"
    else:
        total = f"({slo.total}) > bool 0"
        bad = f"(({slo.good}) {none}) < bool on ({_BY}) ({slo.total}) {_IN_SESSION}"
    yield _record(series.OBJECTIVE, f"vector({slo.target})", slo.name)
    yield _record(series.MINIMUM_BAD, f"vector({minimum})", slo.name)
    yield _record(series.EVENTS_TOTAL, f"{total} {_IN_SESSION}", slo.name)
    yield _record(series.EVENTS_BAD, bad, slo.name)


def _events(counter: str, policy: Policy) -> str:
    """Count the events of one interval, those included that a new series begins with."""
    window, interval = policy.rate_window, duration(policy.interval)
    return (
        f"sum by ({_BY}) ("
        f"({counter} unless last_over_time({counter}[1h] offset {window})) / {duration(window):g}"
        f" or rate({counter}[{window}])) * {interval:g}"
    )


def _sums(length: str) -> list[Rule]:
    total, bad = f"{series.TOTAL_SUM}{length}", f"{series.BAD_SUM}{length}"
    return [
        _record(total, f"sum_over_time({series.EVENTS_TOTAL}[{length}])"),
        _record(bad, f"sum_over_time({series.EVENTS_BAD}[{length}])"),
        _record(f"{series.SLI}{length}", f"1 - {bad} / ({total} > 0)"),
        _record(f"{series.BURN_RATE}{length}", _burn(f"1 - {series.SLI}{length}")),
    ]


def _burn(bad: str) -> str:
    return f"({bad}) / on (slo) group_left () (1 - {series.OBJECTIVE})"


def _spent(length: str, policy: Policy) -> list[Rule]:
    """What a window spent: on a Monday morning a day holds minutes of trading, and they count for minutes."""
    hours, samples = f"{series.SESSION_HOURS}{length}", 3600 / duration(policy.interval)
    burn = f"{series.BURN_RATE}{length} * on (deployment_environment_name) group_left () {hours}"
    return [
        _record(hours, f"sum_over_time({series.SESSION_OPEN}[{length}]) / {samples:g}"),
        _record(f"{series.BUDGET_SPENT}{length}", f"{burn} / {policy.period_hours}"),
    ]


def _budget(policy: Policy, tile: str) -> list[Rule]:
    """Add up the whole period from sums that were recorded once per evaluation, side by side."""
    sli = f"{series.SLI}{policy.period}"
    spans = {name: f"{name}{tile}" for name in (series.TOTAL_SUM, series.BAD_SUM)}
    total, bad = (f"sum_over_time({name}[{policy.period}])" for name in spans.values())
    return [
        _record(spans[series.TOTAL_SUM], f"sum_over_time({series.EVENTS_TOTAL}[{tile}])"),
        _record(spans[series.BAD_SUM], f"sum_over_time({series.EVENTS_BAD}[{tile}])"),
        _record(sli, f"1 - {bad} / ({total} > 0)"),
        _record(series.BUDGET_REMAINING, f"1 - {_burn(f'1 - {sli}')}"),
    ]


def _alert(alert: BurnAlert, policy: Policy) -> Rule:
    longest = alert.windows[-1].long
    pairs = " or ".join(f"({_condition(window)})" for window in alert.windows)
    paces = ", or ".join(f"{w.factor:.3g} times too fast over {w.long} and {w.short}" for w in alert.windows)
    return {
        "alert": alert.name,
        "expr": _layout(f"{series.BUDGET_SPENT}{longest} and ({pairs})"),
        "labels": {"severity": alert.severity, "priority": alert.priority, "category": "slo"},
        "annotations": {
            "summary": "{{ $labels.service_name }} burns the error budget of {{ $labels.slo }} "
            "in {{ $labels.deployment_environment_name }}",
            "description": "{{ humanizePercentage $value }} of the budget "
            f"of {policy.period} was spent in the last {longest}, and it goes on: at least {paces}.",
            "runbook_url": f"{_RUNBOOKS}/{alert.name}/",
            "dashboard_url": _DASHBOARD,
            "trace_url": _TRACES,
        },
    }


def _condition(window: Window) -> str:
    """The long window says that it matters, the short one that it still goes on."""
    return (
        f"{series.BUDGET_SPENT}{window.long} >= {window.budget}"
        f" and {series.BURN_RATE}{window.short} >= {window.factor}"
        f" and {series.BAD_SUM}{window.long} >= on (slo) group_left () {series.MINIMUM_BAD}"
    )


def _record(name: str, expr: str, slo: str | None = None) -> Rule:
    rule: Rule = {"record": name, "expr": _layout(expr)}
    return rule if slo is None else {**rule, "labels": {"slo": slo}}


def _layout(expr: str) -> str:
    return promql_parser.parse(expr).prettify()
