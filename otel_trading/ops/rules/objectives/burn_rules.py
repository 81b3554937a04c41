"""The rules of the objectives: event counts, burn rates, alerts, and the remaining budget.

At every evaluation in session, a rule counts the events or time slices of each objective, and the bad ones.
All windows are sums of those two series, and the budget of the period is a sum of sums. No rule therefore
reads days of buckets: 30 days are 43,200 samples of one series, instead of 518,400 of each bucket of each
instance.

The alerts compare two windows each, as https://sre.google/workbook/alerting-on-slos/ recommends
("multiwindow, multi-burn-rate alerts").
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
_DASHBOARD: Final = "slo?var-environment={{ $labels.deployment_environment_name }}"
_TRACES: Final = "service={{ $labels.service_name }}"

Rule = dict[str, Any]


def groups(slos: list[Slo], policy: Policy) -> list[dict[str, Any]]:
    """Return the rule groups of all objectives in the structure of a rule file.

    Args:
        slos: The objectives.
        policy: The windows. The group of the first alert also counts the events; every alert has its own
            group.
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
    """Return the rule for the session, which is open while a connection is in another state than idle.

    If no report arrives, the last one is valid for `policy.last_state`.
    """
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
    """Return an expression for the events of one interval, including those that a new series begins with."""
    # rate() ignores the first sample of a series:
    # https://prometheus.io/docs/prometheus/latest/querying/functions/#rate
    #
    # A series without a sample in the hour before is new, and all its events belong to this window.
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
    # Burn rate = share of bad events / share that the objective allows:
    # https://sre.google/workbook/alerting-on-slos/
    return f"({bad}) / on (slo) group_left () (1 - {series.OBJECTIVE})"


def _spent(length: str, policy: Policy) -> list[Rule]:
    """Return the rules for the budget that a window spent in the session hours that it held."""
    # On a Monday morning a window of one day holds only minutes of trading.
    hours, samples = f"{series.SESSION_HOURS}{length}", 3600 / duration(policy.interval)
    burn = f"{series.BURN_RATE}{length} * on (deployment_environment_name) group_left () {hours}"
    return [
        _record(hours, f"sum_over_time({series.SESSION_OPEN}[{length}]) / {samples:g}"),
        _record(f"{series.BUDGET_SPENT}{length}", f"{burn} / {policy.period_hours}"),
    ]


def _budget(policy: Policy, tile: str) -> list[Rule]:
    """Return the rules for the period: they add up sums over adjacent tiles, one per evaluation."""
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
            "dashboard": _DASHBOARD,
            "traces": _TRACES,
        },
    }


def _condition(window: Window) -> str:
    """Return the condition of a pair.

    The long window shows that the burn matters, the short one that it continues.
    """
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
