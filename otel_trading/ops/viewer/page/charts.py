"""Charts: builds the ECharts options of the charts on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from nicegui import ui

COLOURS: Final = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "vermillion": "#D55E00",
    "sky": "#56B4E9",
    "purple": "#CC79A7",
}
"""The colours of Okabe and Ito that are visible on white and on near-black, so without yellow and black.

https://jfly.uni-koeln.de/color/
"""

_GRID: Final = "rgba(128,136,148,.22)"
_TEXT: Final = {"color": "#7b8592", "fontSize": 11}
_SHORTEST: Final = 60.0
_SHORT_NUMBERS: Final = (
    "v => Math.abs(v) >= 1e4 ? (v/1e3).toLocaleString('en-US') + 'k' : v.toLocaleString('en-US')"
)


class Line(NamedTuple):
    """One line or row of bars of a chart.

    Attributes:
        name: The name in the legend.
        colour: A key of `COLOURS`.
        values: The values at the times of the chart.
        dash: The style that distinguishes the line without colour: "solid", "dashed" or "dotted".
    """

    name: str
    colour: str
    values: Sequence[float | None]
    dash: str = "solid"


def lines(
    at: Sequence[float], given: Sequence[Line], *, filled: bool = False, log: bool = False
) -> dict[str, Any]:
    """Return the options of a line chart, with a logarithmic scale if `log` is set."""
    return _over_time(
        ("log" if log else "value", _first(at, given)),
        [
            {
                "type": "line",
                "name": line.name,
                "data": _data(at, line.values),
                "showSymbol": False,
                "animation": False,
                "lineStyle": {"width": 1.8, "type": line.dash},
                "itemStyle": {"color": COLOURS[line.colour]},
                **({"areaStyle": {"opacity": 0.12, "origin": 0}} if filled else {}),
            }
            for line in given
        ],
    )


def bars(at: Sequence[float], given: Sequence[Line]) -> dict[str, Any]:
    """Return the options of a bar chart with the counts of each step side by side."""
    return _over_time(
        ("value", _first(at[1:], given)),
        [
            {
                "type": "bar",
                "name": line.name,
                "data": _data(at[1:], line.values),
                "animation": False,
                "barMaxWidth": 7,
                "itemStyle": {"color": COLOURS[line.colour]},
            }
            for line in given
        ],
    )


def draw(options: Mapping[str, Any], label: str) -> ui.echart:
    """Put a chart on the page.

    Args:
        options: The result of `lines` or `bars`.
        label: The text for screen readers.
    """
    chart = ui.echart(dict(options), renderer="svg").classes("chart")
    return chart.props(f'role="img" aria-label="{label}"')


def redraw(chart: ui.echart, options: Mapping[str, Any]) -> None:
    """Draw a chart again if its data has changed."""
    if chart.options["series"] != options["series"]:
        chart.options.update(series=options["series"], xAxis=options["xAxis"])
        chart.update()


def _data(at: Sequence[float], values: Sequence[float | None]) -> list[list[float | None]]:
    return [[round(time * 1000), value] for time, value in zip(at, values, strict=True)]


def _first(at: Sequence[float], given: Sequence[Line]) -> float:
    """Return the left end of the chart: just before the first value, and at least a minute ago."""
    known = (i for i in range(len(at)) if any(line.values[i] for line in given if line.dash != "dashed"))
    first = at[max(0, next(known, 0) - 1)]
    return round(max(at[0], min(first, at[-1] - _SHORTEST)) * 1000)


def _over_time(frame: tuple[str, float], series: list[dict[str, Any]]) -> dict[str, Any]:
    scale, first = frame
    axis = {"axisLabel": _TEXT, "axisLine": {"show": False}, "axisTick": {"show": False}}
    return {
        "grid": {"left": 4, "right": 22, "top": 30, "bottom": 2, "containLabel": True},
        "legend": {"top": 0, "left": 0, "itemWidth": 16, "itemHeight": 8, "textStyle": _TEXT},
        "tooltip": {"trigger": "axis", "axisPointer": {"lineStyle": {"color": _GRID}}, "confine": True},
        "xAxis": {
            "type": "time",
            "min": first,
            **axis,
            "splitLine": {"show": False},
            "axisLabel": {**_TEXT, "hideOverlap": True},
        },
        "yAxis": {
            "type": scale,
            **axis,
            "splitNumber": 3,
            "splitLine": {"lineStyle": {"color": _GRID}},
            "axisLabel": {**_TEXT, ":formatter": _SHORT_NUMBERS},
        },
        "series": series,
    }
