"""Service Level Objectives: are the objectives met, and how much error budget is left?"""

from __future__ import annotations

from typing import Final

from otel_trading.ops.rules.objectives import series
from tools.dashboards import lines
from tools.dashboards.panels import ENVIRONMENT, ILL, NEAR, SERVICE, WELL, Dashboard, Panel, Step, ceiling
from tools.dashboards.queries import Query

_NOW: Final = "5m"
_LONG: Final = "1h"
_FACTOR: Final = lines.alert_line("TradingSLOFastBurn", f"{series.BURN_RATE}{_NOW}")
_SHARE: Final = lines.alert_line("TradingSLOFastBurn", f"{series.BUDGET_SPENT}{_LONG}")
_PERIOD: Final = next(iter(lines.objectives().values())).period
_OF: Final = "{ENV, SERVICE}"
_BY: Final = "by (slo, service_name)"
_LEFT: Final = f"{series.BUDGET_REMAINING}{_OF}"
_SERVICE: Final = "${service_name}"

IN_SESSION: Final = Panel(
    "Session",
    "It is open in the market's hours.",
    "a closed one burns no budget; one that never opens has no objectives: see Feeds and links.",
    "stat",
    "none",
    4,
    (Query(f"max({series.SESSION_OPEN}{{ENV}})", "Session"),),
    (Step(None, NEAR), Step(1, WELL)),
    states={0: ("closed", NEAR), 1: ("open", WELL)},
)
MISSED: Final = Panel(
    "Objectives missed",
    "None: each has budget left.",
    "freeze changes to the services in question until their budget is back.",
    "stat",
    "none",
    4,
    (Query(f"count({_LEFT} < 0) or 0 * count({_LEFT})", "missed"),),
    (Step(None, WELL), Step(1, ILL)),
)
LOWEST: Final = Panel(
    "Lowest budget left",
    "More is left than the period that remains.",
    "Error budget left names the objective.",
    "stat",
    "percentunit",
    4,
    (Query(f"min({_LEFT})", "left"),),
    (Step(None, ILL), Step(0, NEAR), Step(0.25, WELL)),
    maximum=1,
    decimals=0,
)
BURNING: Final = Panel(
    "Burning now",
    f"No budget burns {_FACTOR:.3g} times too fast over {_NOW}.",
    "follow the runbook of TradingSLOFastBurn.",
    "stat",
    "none",
    4,
    (
        Query(
            f"count({series.BURN_RATE}{_NOW}{_OF} >= {_FACTOR:g})"
            f" or 0 * count({series.BURN_RATE}{_NOW}{_OF})",
            "burning",
        ),
    ),
    (Step(None, WELL), Step(1, NEAR)),
)
NOISE: Final = Panel(
    "Alerts a day",
    "Fewer than ten begin in a day.",
    "the noisiest rule is wrong, or its cause is not fixed: `otel-trading lint` checks the rule.",
    "stat",
    "none",
    4,
    (Query("sum(trading:alerts:started:sum1d{ENV})", "alerts", unless="an alert fires"),),
    ceiling(10),
    nothing="none",
    minimum=0,
)
RESOLVED: Final = Panel(
    "Mean time to resolve",
    "Alerts of P1 are over within 15 minutes.",
    "read the runbooks of the alerts that took longer, and add the missing step.",
    "stat",
    "s",
    4,
    (
        Query(
            "max by (priority) (trading:alerts:mean_seconds_to_resolve:1d{ENV})",
            "{{priority}}",
            unless="an alert fires",
        ),
    ),
    ceiling(15 * 60),
    nothing="none fired",
)
EACH: Final = Panel(
    "Each objective",
    "Each value is at least its objective, budget is left, and its burn rate is below 1.",
    "click through to the service's logs and traces; docs/reference/slo.md defines a good event.",
    "table",
    "percentunit",
    14,
    (
        Query(
            f"max {_BY} ({series.SLI}1h{_OF} * 0 + on (slo) group_left () {series.OBJECTIVE})",
            instant=True,
        ),
        Query(f"min {_BY} ({series.SLI}1h{_OF})", instant=True),
        Query(f"min {_BY} ({_LEFT})", instant=True),
        Query(f"max {_BY} ({series.BURN_RATE}1h{_OF})", instant=True, unit="none"),
        Query(f"max {_BY} ({series.BURN_RATE}5m{_OF})", instant=True, unit="none"),
    ),
    columns={
        "slo": "Objective",
        "service_name": "Service",
        "Value #A": "objective",
        "Value #B": "last hour",
        "Value #C": "budget left",
        "Value #D": "burn, 1h",
        "Value #E": "burn, 5m",
    },
    decimals=2,
    service=_SERVICE,
)
BUDGET: Final = Panel(
    "Error budget left",
    f"Bars are long: of {_PERIOD} of sessions, each has most of its budget left.",
    "an empty bar is a missed objective; freeze changes to that service.",
    "bargauge",
    "percentunit",
    10,
    (Query(f"min {_BY} ({_LEFT})", "{{slo}}", instant=True),),
    (Step(None, ILL), Step(0, NEAR), Step(0.25, WELL)),
    minimum=0,
    maximum=1,
    service=_SERVICE,
)


def _burn(window: str, factor: float, act: str, width: int = 8) -> Panel:
    return Panel(
        f"Burn rate over {window}",
        f"There is no line, or it is below 1, at which the budget lasts exactly {_PERIOD}.",
        act,
        "timeseries",
        "none",
        width,
        (Query(f"topk(8, max {_BY} ({series.BURN_RATE}{window}{_OF}) > 0)", "{{slo}}"),),
        ceiling(factor, near=1 / factor),
        minimum=0,
        nothing="no budget burns",
        service=_SERVICE,
    )


NOW: Final = _burn(_NOW, _FACTOR, "it burns right now: find the change at that time.")
HOUR: Final = _burn(_LONG, _FACTOR, "at the upper line an alert fires; follow its runbook.")
SPENT: Final = Panel(
    "Budget spent in an hour",
    f"Far less than {_SHARE:.0%}, which raises TradingSLOFastBurn.",
    "at this pace the budget is gone in as many hours as it goes into 100 %.",
    "timeseries",
    "percentunit",
    8,
    (Query(f"topk(8, max {_BY} ({series.BUDGET_SPENT}1h{_OF}) > 0)", "{{slo}}"),),
    ceiling(_SHARE, near=1),
    minimum=0,
    nothing="nothing is spent",
    service=_SERVICE,
)
BELOW: Final = Panel(
    "Below the objective",
    "There is no line: in the last five minutes every objective was met.",
    "the gap shows how far the last five minutes are below the objective, whatever budget is left.",
    "timeseries",
    "percentunit",
    12,
    (
        Query(
            f"topk(8, max {_BY} (0 - {series.SLI}5m{_OF} + on (slo) group_left () {series.OBJECTIVE}) > 0)",
            "{{slo}}",
        ),
    ),
    (Step(None, WELL),),
    minimum=0,
    nothing="none is below",
    service=_SERVICE,
)
BAD: Final = Panel(
    "Bad events in five minutes",
    "Almost none: a few raise no alert.",
    "many bad of many is a rate, see Burn rate; a few bad of few may be one order.",
    "timeseries",
    "none",
    12,
    (Query(f"topk(8, max {_BY} ({series.BAD_SUM}5m{_OF}) > 0)", "{{slo}}"),),
    minimum=0,
    nothing="no bad events",
    service=_SERVICE,
)

DASHBOARD: Final = Dashboard(
    "slo",
    "Service Level Objectives",
    "Are the objectives met, and how much error budget is left?",
    "30s",
    "6h",
    (ENVIRONMENT, SERVICE),
    (
        (4, (IN_SESSION, MISSED, LOWEST, BURNING, NOISE, RESOLVED)),
        (11, (EACH, BUDGET)),
        (8, (NOW, HOUR, SPENT)),
        (7, (BELOW, BAD)),
    ),
)
