"""Drawing: draws the panels of a dashboard from the results of their queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator, NullLocator
from PIL import Image

from tools.dashboards.panels import GREY, OKABE_ITO, WELL, WIDTH, Dashboard, Panel

SECONDS: Final = 360
"""The time range of the pictures, in seconds."""

_CELL: Final = (0.66, 0.33)
_HEAD: Final = 0.55
_INK: Final = "#24292f"
_LINE: Final = "#d0d7de"
_PAPER: Final = "#f6f8fa"
_DPI: Final = 80
_SCALES: Final = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
_SECONDS: Final = ((1.0, 1.0, "s"), (1e-3, 1e3, "ms"), (0.0, 1e6, "µs"))
_AFTER: Final = {"ops": "/s", "mps": "/s", "cps": "/s", "reqps": "/s", "bytes": "B", "suffix: bps": " bps"}


@dataclass(frozen=True)
class Result:
    """One series of a query.

    Attributes:
        name: Its name in the legend.
        labels: Its labels.
        points: The seconds before the end, and the values.
    """

    name: str
    labels: dict[str, str]
    points: list[tuple[float, float]]

    @property
    def last(self) -> float:
        """The last finite value, or NaN."""
        return next((value for _, value in reversed(self.points) if isfinite(value)), float("nan"))


Placed = tuple[Panel, tuple[int, int, int, int], list[list[Result]]]


def draw(board: Dashboard, placed: Sequence[Placed], path: Path) -> None:
    """Draw a dashboard.

    Args:
        board: The dashboard.
        placed: Each panel with its place and the results of its queries.
        path: The file of the picture.
    """
    mpl.rcParams |= {
        "font.size": 8,
        "text.color": _INK,
        "axes.labelcolor": _INK,
        "font.family": "DejaVu Sans",
    }
    rows = sum(height for height, _ in board.rows)
    width, height = WIDTH * _CELL[0], rows * _CELL[1] + _HEAD
    figure = Figure(figsize=(width, height), facecolor=_PAPER)
    figure.text(0.008, 1 - 0.22 / height, board.title, fontsize=13, weight="bold", va="center")
    for panel, (x, y, w, h), found in placed:
        left, top = x * _CELL[0], height - _HEAD - y * _CELL[1]
        frame = (left / width, (top - h * _CELL[1]) / height, w * _CELL[0] / width, h * _CELL[1] / height)
        _panel(figure, panel, frame, found)
    figure.savefig(path, dpi=_DPI, pil_kwargs={"optimize": True})
    _reduce(path)


def _reduce(path: Path) -> None:
    """Reduce the picture to 128 colours, which are enough for lines and text, and a third of the bytes."""
    with Image.open(path) as picture:
        reduced = picture.convert("RGB").quantize(128)
    reduced.save(path, optimize=True)


def _panel(
    figure: Figure, panel: Panel, frame: tuple[float, float, float, float], found: list[list[Result]]
) -> None:
    x, y, w, h = frame
    gap_x, gap_y = 0.05 / figure.get_figwidth(), 0.05 / figure.get_figheight()
    card = figure.add_axes((x + gap_x, y + gap_y, w - 2 * gap_x, h - 2 * gap_y))
    card.set_facecolor("white")
    card.set(xticks=[], yticks=[])
    for spine in card.spines.values():
        spine.set_color(_LINE)
    inches = h * figure.get_figheight()
    card.text(
        0.08 / (w * figure.get_figwidth()),
        1 - 0.14 / inches,
        panel.title,
        weight="bold",
        va="center",
        fontsize=8.5,
    )
    if not any(found):
        card.text(0.5, 0.42, panel.nothing or "no data", ha="center", va="center", color=GREY, fontsize=11)
        return
    _KINDS[panel.kind](card, panel, found)


def shown(value: float, unit: str) -> str:
    """Return a value with its unit, as short as in Grafana.

    Args:
        value: The value; "none" if it is not finite.
        unit: The unit in Grafana's words.
    """
    if not isfinite(value):
        return "none"
    if unit == "percentunit":
        return f"{round(100 * value, 2 if abs(value) < 1 else 0):,g}%"
    if unit == "s":
        _, factor, word = next(each for each in _SECONDS if abs(value) >= each[0])
        return f"{value * factor:.3g} {word}"
    before = "$" if unit == "currencyUSD" else ""
    scale, letter = next(((s, t) for s, t in _SCALES if abs(value) >= s), (1.0, ""))
    sign = "-" if value < 0 else ""
    return f"{sign}{before}{abs(value) / scale:.3g}{letter}{_AFTER.get(unit, '')}"


def _color_of(panel: Panel, value: float) -> str:
    color = panel.steps[0].color
    for step in panel.steps[1:]:
        if step.at is not None and value >= step.at:
            color = step.color
    return color


def _colors(panel: Panel, found: list[list[Result]]) -> list[tuple[str, Result]]:
    """Return each series with its colour: that of its name, else that of its query, else the next colour."""
    flat = [(index, one) for index, results in enumerate(found) for one in results]
    is_one_each = all(len(results) <= 1 for results in found)
    colored = []
    for position, (index, one) in enumerate(flat):
        number = (
            panel.names.index(one.name) if one.name in panel.names else index if is_one_each else position
        )
        colored.append((OKABE_ITO[number % len(OKABE_ITO)], one))
    return colored


def _inner(card: Axes, left: float, bottom: float, right: float, top: float) -> Axes:
    """Return axes inside a card, with margins in inches."""
    figure = card.figure
    box = card.get_position()
    w, h = figure.get_figwidth(), figure.get_figheight()  # type: ignore[union-attr]
    place = (
        box.x0 + left / w,
        box.y0 + bottom / h,
        box.width - (left + right) / w,
        box.height - (bottom + top) / h,
    )
    return figure.add_axes(place)


def _timeseries(card: Axes, panel: Panel, found: list[list[Result]]) -> None:
    colored = _colors(panel, found)[:8]
    lines = -(-len(colored) // _columns(card))
    axes = _inner(card, 0.62, 0.22 + 0.15 * lines + 0.04, 0.12, 0.3)
    for color, one in colored:
        axes.plot(
            [at for at, _ in one.points], [value for _, value in one.points], color=color, linewidth=1.5
        )
    _dress(axes, panel)
    card.legend(
        handles=axes.lines[: len(colored)],
        labels=[f"{one.name}  {shown(one.last, _unit_of(panel, one, found))}" for _, one in colored],
        loc="lower left",
        ncols=_columns(card),
        fontsize=6.5,
        frameon=False,
        handlelength=1,
        borderaxespad=0.2,
        labelspacing=0.15,
        columnspacing=1,
    )


def _columns(card: Axes) -> int:
    inches = card.get_position().width * card.figure.get_figwidth()  # type: ignore[union-attr]
    return max(1, int(inches / 1.75))


def _unit_of(panel: Panel, one: Result, found: list[list[Result]]) -> str:
    index = next(number for number, results in enumerate(found) if any(each is one for each in results))
    return panel.queries[index].unit or panel.unit


def _dress(axes: Axes, panel: Panel) -> None:
    """Set scale, lines and ticks."""
    low, high = axes.get_ylim()
    if panel.is_log:
        axes.set_yscale("log")
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        low = panel.minimum if panel.minimum is not None else low
        axes.set_ylim(low, panel.maximum * 1.05 if panel.maximum is not None else max(high, low + 1e-9))
    for step in panel.steps[1:] if panel.line else ():
        bottom, top = axes.get_ylim()
        if step.at is not None and bottom <= step.at <= top:
            axes.axhline(step.at, color=step.color, linestyle="--", linewidth=1)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: shown(value, panel.unit) if value else "0"))
    _times(axes)
    axes.grid(visible=True, color=_LINE, linewidth=0.5)
    axes.tick_params(labelsize=6.5, length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _times(axes: Axes) -> None:
    """Set the same time range in every panel, with a tick every two minutes."""
    axes.set_xlim(-SECONDS, 0)
    axes.xaxis.set_major_locator(MultipleLocator(120))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value / 60:.0f} min" if value else "now")
    )


def _stat(card: Axes, panel: Panel, found: list[list[Result]]) -> None:
    values = [one for results in found for one in results]
    for index, one in enumerate(values):
        unit = _unit_of(panel, one, found)
        value = round(one.last) if panel.decimals == 0 and unit == "none" else one.last
        word, color = panel.states.get(value, (shown(value, unit), _color_of(panel, value)))
        if unit != panel.unit:
            color = WELL
        middle = (index + 0.5) / len(values)
        is_alone = len(values) == 1
        card.text(middle, 0.42, word, ha="center", va="center", fontsize=15, weight="bold", color=color)
        if not is_alone:
            card.text(middle, 0.14, one.name, ha="center", va="center", fontsize=7)


def _bargauge(card: Axes, panel: Panel, found: list[list[Result]]) -> None:
    values = [one for results in found for one in results]
    values.reverse()
    axes = _inner(card, 1.55, 0.12, 0.65, 0.32)
    low, high = panel.minimum or 0, panel.maximum or max(one.last for one in values)
    for row, one in enumerate(values):
        axes.barh(row, high - low, color=_PAPER, height=0.7)
        axes.barh(row, min(max(one.last, low), high) - low, color=_color_of(panel, one.last), height=0.7)
        axes.text(
            high * 1.02,
            row,
            shown(one.last, panel.unit),
            va="center",
            fontsize=7,
            color=_color_of(panel, one.last),
        )
    axes.set(yticks=range(len(values)), yticklabels=[one.name for one in values], xticks=[], xlim=(low, high))
    axes.tick_params(labelsize=7, length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _states(card: Axes, panel: Panel, found: list[list[Result]]) -> None:
    values = [one for results in found for one in results]
    axes = _inner(card, 1.75, 0.3, 0.12, 0.32)
    for row, one in enumerate(values):
        for (start, value), (end, _) in zip(one.points, one.points[1:], strict=False):
            axes.barh(row, end - start, left=start, height=0.6, color=panel.states[value][1])
    axes.set(yticks=range(len(values)), yticklabels=[one.name for one in values])
    _times(axes)
    axes.tick_params(labelsize=6.5, length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _table(card: Axes, panel: Panel, found: list[list[Result]]) -> None:
    rows = _joined(panel, found)
    names = list(panel.columns.values())
    inches = card.get_position().height * card.figure.get_figheight()  # type: ignore[union-attr]
    step = min(0.2 / inches, (1 - 0.32 / inches) / (len(rows) + 1))
    widths = [1.0 if key.startswith("Value") or key == "priority" else 2.4 for key in panel.columns]
    starts = [sum(widths[:index]) / sum(widths) for index in range(len(widths))]
    for line, row in enumerate([names, *rows]):
        y = 1 - 0.36 / inches - line * step
        for start, text in zip(starts, row, strict=True):
            card.text(
                start * 0.97 + 0.015, y, text, va="center", fontsize=6.8, weight="normal" if line else "bold"
            )


def _joined(panel: Panel, found: list[list[Result]]) -> list[list[str]]:
    """Return one row for each set of labels that has a last value, as Grafana's merge does."""
    labels = [key for key in panel.columns if not key.startswith("Value")]
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for number, results in enumerate(found):
        unit = panel.queries[number].unit or panel.unit
        for one in results:
            if one.points[-1][0] == max(each.points[-1][0] for each in results):
                row = rows.setdefault(tuple(one.labels.get(label, "") for label in labels), {})
                row[f"Value #{chr(65 + number)}"] = shown(one.last, unit)
    return [
        [*key, *(row.get(value, "") for value in panel.columns if value.startswith("Value"))]
        for key, row in sorted(rows.items())
    ]


_KINDS: Final[dict[str, Any]] = {
    "timeseries": _timeseries,
    "stat": _stat,
    "bargauge": _bargauge,
    "state-timeline": _states,
    "table": _table,
}
