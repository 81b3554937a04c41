"""Panels: what a dashboard consists of, before it is written as Grafana reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from tools.dashboards.queries import Query

BLUE: Final = "#0072B2"
ORANGE: Final = "#E69F00"
GREEN: Final = "#009E73"
PINK: Final = "#CC79A7"
SKY: Final = "#56B4E9"
VERMILLION: Final = "#D55E00"
YELLOW: Final = "#F0E442"
GREY: Final = "#999999"
OKABE_ITO: Final = (BLUE, ORANGE, GREEN, PINK, SKY, VERMILLION, YELLOW, GREY)
"""Colours that everybody can tell apart, https://jfly.uni-koeln.de/color/."""

WELL: Final = BLUE
NEAR: Final = ORANGE
ILL: Final = VERMILLION
"""Of a value: not green and red, which one man in twelve cannot tell apart."""

WIDTH: Final = 24
"""Of Grafana's grid."""

Kind = Literal["timeseries", "stat", "bargauge", "table", "state-timeline"]


class Step(NamedTuple):
    """A value's colour from a threshold on.

    Attributes:
        at: The threshold; None for what is below all others.
        color: Of the value, or of the line.
    """

    at: float | None
    color: str


def ceiling(line: float, near: float = 0.8) -> tuple[Step, ...]:
    """Colours of a value that should stay below a line; near it from a share of it on."""
    return Step(None, WELL), Step(near * line, NEAR), Step(line, ILL)


def floor(line: float) -> tuple[Step, ...]:
    """Colours of a value that should stay above a line."""
    return Step(None, ILL), Step(line, WELL)


@dataclass(frozen=True)
class Panel:
    """One panel.

    Attributes:
        title: A few words.
        good: What it looks like when all is well.
        act: What to do when it does not.
        kind: How it is drawn.
        unit: Of its values, as Grafana calls it.
        width: In columns of the grid.
        queries: What it shows.
        steps: Colours, and lines in a time series.
        line: Whether the steps above the first are drawn as lines, where the panel has axes.
        minimum: The end of the scale; 0 for shares, which mislead on a scale that begins elsewhere.
        maximum: The other end.
        is_log: Whether the scale is logarithmic.
        names: Values that series are named by; each has its colour wherever it is shown.
        states: The word and the colour of each value of a state.
        nothing: What stands in place of a value where there is none.
        service: Whose traces and logs it leads to; a label in `${}` is that of the series.
        columns: The columns of a table, by query or label, in their order.
        decimals: After the point; Grafana decides without.
    """

    title: str
    good: str
    act: str
    kind: Kind
    unit: str
    width: int
    queries: tuple[Query, ...]
    steps: tuple[Step, ...] = (Step(None, WELL),)
    line: bool = True
    minimum: float | None = None
    maximum: float | None = None
    is_log: bool = False
    names: tuple[str, ...] = ()
    states: dict[float, tuple[str, str]] = field(default_factory=dict)
    nothing: str = ""
    service: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    decimals: int | None = None

    @property
    def description(self) -> str:
        """What good looks like, what to do, and when it is empty by design."""
        awaited = dict.fromkeys(query.unless for query in self.queries if query.unless)
        empty = f" {'Empty' if self._is_all_awaited else 'In part empty'} unless {', or '.join(awaited)}."
        return f"Good: {self.good} Otherwise: {self.act}{empty if awaited else ''}"

    @property
    def _is_all_awaited(self) -> bool:
        return all(query.unless for query in self.queries)


@dataclass(frozen=True)
class Variable:
    """One variable of a dashboard.

    Attributes:
        name: As queries have it.
        label: As the dashboard shows it.
        query: `label_values(...)`, with capital words.
        is_single: Whether exactly one value is chosen, because a sum over several means nothing.
    """

    name: str
    label: str
    query: str
    is_single: bool = False


ENVIRONMENT: Final = Variable(
    "environment",
    "Environment",
    "label_values(trading_service_heartbeat_timestamp_seconds, deployment_environment_name)",
    is_single=True,
)
SERVICE: Final = Variable(
    "service", "Service", "label_values(trading_service_heartbeat_timestamp_seconds{ENV}, service_name)"
)
VENUE: Final = Variable(
    "venue", "Venue", "label_values(trading_order_submitted_total{ENV}, trading_venue_name)"
)
STRATEGY: Final = Variable(
    "strategy", "Strategy", "label_values(trading_order_submitted_total{ENV}, trading_strategy_name)"
)


@dataclass(frozen=True)
class Dashboard:
    """One dashboard.

    Attributes:
        uid: What alerts link to.
        title: Its name.
        says: What it answers, in a sentence.
        refresh: How often it asks again.
        since: How far back it looks.
        variables: In their order.
        rows: Each with its height, and panels that fill the width.
    """

    uid: str
    title: str
    says: str
    refresh: str
    since: str
    variables: tuple[Variable, ...]
    rows: tuple[tuple[int, tuple[Panel, ...]], ...]

    def panels(self) -> Iterator[tuple[Panel, tuple[int, int, int, int]]]:
        """Yield each panel with its place: x, y, width, height."""
        y = 0
        for height, row in self.rows:
            x = 0
            for panel in row:
                yield panel, (x, y, panel.width, height)
                x += panel.width
            y += height


ANNOTATIONS: Final = {
    "Kill switch": (
        VERMILLION,
        'max by (service_name, trading_kill_switch_scope) (trading_kill_switch_status{ENV, trading_kill_switch_state="tripped"}) == 1',
        "{{trading_kill_switch_scope}} kill switch tripped",
    ),
    "Deploys": (
        BLUE,
        "count by (service_name, service_version) (target_info{ENV})"
        " unless count by (service_name, service_version) (target_info{ENV} offset 1m)",
        "{{service_name}} {{service_version}} started",
    ),
}
"""By name: the colour, when it is drawn, and what it says."""
