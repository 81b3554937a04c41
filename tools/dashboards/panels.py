"""Panels: the parts of a dashboard, independent of the format of Grafana."""

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
"""Colours that nearly everybody can distinguish: https://jfly.uni-koeln.de/color/."""

WELL: Final = BLUE
NEAR: Final = ORANGE
ILL: Final = VERMILLION
"""Colours of a value; not green and red, which one man in twelve cannot distinguish."""

WIDTH: Final = 24
"""Columns of Grafana's grid."""

Kind = Literal["timeseries", "stat", "bargauge", "table", "state-timeline"]


class Step(NamedTuple):
    """The colour of a value above a threshold.

    Attributes:
        at: The threshold; None for values below all thresholds.
        color: The colour of the value, or of the line.
    """

    at: float | None
    color: str


def ceiling(line: float, near: float = 0.8) -> tuple[Step, ...]:
    """Return the colours of a value that should stay below `line`, and is near it from the share `near` on."""
    return Step(None, WELL), Step(near * line, NEAR), Step(line, ILL)


def floor(line: float) -> tuple[Step, ...]:
    """Return the colours of a value that should stay above `line`."""
    return Step(None, ILL), Step(line, WELL)


@dataclass(frozen=True)
class Panel:
    """One panel.

    Attributes:
        title: A few words.
        good: Its look if all is well.
        act: The next step if it looks otherwise.
        kind: The kind of drawing.
        unit: The unit of its values, in Grafana's words.
        width: The width in columns of the grid.
        queries: The queries whose results it shows.
        steps: The colours, and the lines of a time series.
        line: Whether a time series draws the steps above the first as lines.
        minimum: The lower end of the scale; 0 for shares, which mislead on another scale.
        maximum: The upper end of the scale.
        is_log: Whether the scale is logarithmic.
        names: The names of series, each of which has the same colour in every panel.
        states: The word and the colour of each value of a state.
        nothing: The text in place of a missing value.
        service: The service whose traces and logs it links to; `${label}` is a label of the series.
        columns: The columns of a table, by query or label, in their order.
        decimals: The number of decimals; by default Grafana decides.
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
        """The text of the panel: its look if all is well, the next step if not, and when it is empty by design."""
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
        name: Its name in queries.
        label: Its name on the dashboard.
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
        uid: The id that alerts link to.
        title: Its name.
        question: The question that it answers, in a sentence.
        refresh: The interval between two refreshes.
        since: The length of its time range.
        variables: Its variables in their order.
        rows: Its rows, each with a height and panels that fill the width.
    """

    uid: str
    title: str
    question: str
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
"""By name: the colour, the query for its times, and its text."""
