"""Report: writes the results as the tables and charts of `docs/reference/performance.md`."""

from __future__ import annotations

import platform
from importlib.metadata import distributions, version
from pathlib import Path
from typing import Any

import matplotlib as mpl
import peers
from bars import BARS
from bench_market_data import where
from bench_scale import scale

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "otel_trading"  # the same numbers give the same file

from matplotlib import pyplot as plt  # noqa: E402

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "reference" / "performance.md"
BEGIN, END = "<!-- measured: written by make bench-docs -->", "<!-- end of what was measured -->"
SHOWN = (
    "SDK record",
    "prometheus_client observe",
    "bound record",
    "SDK add",
    "prometheus_client inc",
    "bound add",
)


def write(runs: list[dict[str, Any]]) -> None:
    """Write the measured part of the page, and its charts.

    Args:
        runs: The results of `run.measure`, one for each form.
    """
    grown = scale()
    _bars(runs)
    _curves(grown)
    text = PAGE.read_text(encoding="utf-8")
    before, after = text[: text.index(BEGIN)], text[text.index(END) :]
    parts = [BEGIN, _origin(), _ratios(runs), _costs(runs), _where(), _scale(grown)]
    PAGE.write_text(before + "\n\n".join(parts) + "\n\n" + after, encoding="utf-8")


def _origin() -> str:
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    packages = ", ".join(f"{name} {version(name)}" for name in ("opentelemetry-sdk", "prometheus_client"))
    for peer in sorted(distributions(path=[str(peers.FOLDER)]), key=lambda peer: peer.name):
        packages += f", {peer.name} {peer.version}" if peer.name in peers.COMPARED else ""
    return f"One run on {platform.python_implementation()} {platform.python_version()}, {packages}; {model}."


def _ratios(runs: list[dict[str, Any]]) -> str:
    head = "| | " + " | ".join(f"{run['form']} | bar" for run in runs) + " |\n|--|" + "--|--|" * len(runs)
    rows = []
    for name in dict.fromkeys(name for run in runs for name in run["ratios"]):
        cells = [BARS[name].heading if name in BARS else f"`{name}`"]
        for run in runs:
            ratio = run["ratios"].get(name)
            missed = ratio is not None and name in BARS and not BARS[name].is_held(run["form"], ratio)
            cells.append(
                "" if ratio is None else f"{'**' if missed else ''}{ratio:.2f}{'**' if missed else ''}"
            )
            cells.append(BARS[name].text(run["form"]) if name in BARS else "")
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join([head, *rows]) + "\n\nBold ratios miss their bar."


def _costs(runs: list[dict[str, Any]]) -> str:
    head = "| ns per call | " + " | ".join(f"{run['form']}: median | p99 | p99.9" for run in runs) + " |"
    rule = "|--|" + "--|--|--|" * len(runs)
    rows = []
    for name in dict.fromkeys(name for run in runs for name in run["spreads"]):
        numbers = [f"{ns:,.0f}" for run in runs for ns in run["spreads"].get(name, (0, 0, 0))]
        rows.append(f"| {name} | {' | '.join(numbers)} |")
    absent = sorted({name for run in runs for name in run["absent"]})
    notes = f"\n\nNot installed, so not compared: {', '.join(absent)}." if absent else ""
    return "\n".join([head, rule, *rows]) + notes + "\n\n![Cost of one call](../images/performance.svg)"


def _where() -> str:
    head = ["Processor time of the market-data loop, with one trace in ten sampled:", ""]
    rows = [f"| {place} | {share:.0%} |" for place, share in where().items()]
    return "\n".join([*head, "| whose code runs | share |", "|--|--|", *rows])


def _scale(grown: dict[str, dict[str, dict[str, float]]]) -> str:
    head = "| series | " + " | ".join(
        f"{form}: µs to collect | bytes of memory | bytes of OTLP" for form in grown
    )
    rows = [head + " |", "|--|" + "--|--|--|" * len(grown)]
    threads = [
        "| threads | " + " | ".join(f"{form}: ns per record" for form in grown) + " |",
        "|--|" + "--|" * len(grown),
    ]
    for number in next(iter(grown.values())):
        seen = [grown[form][number] for form in grown]
        if "ns" in seen[0]:
            threads.append(
                f"| {number.split()[0]} | " + " | ".join(f"{one['ns']:,.0f}" for one in seen) + " |"
            )
        else:
            cells = [f"{one['collect_us']:.1f} | {one['bytes']:,.0f} | {one['export']:.0f}" for one in seen]
            rows.append(f"| {int(number):,} | {' | '.join(cells)} |")
    charts = "![Growth with the number of series](../images/performance-scale.svg)"
    return "\n".join(["Per series:", "", *rows, "", *threads]) + f"\n\n{charts}"


def _bars(runs: list[dict[str, Any]]) -> None:
    figure, axes = plt.subplots(figsize=(7, 3.2), layout="constrained")
    names = [name for name in SHOWN if name in runs[0]["spreads"]]
    height = 0.8 / len(runs)
    for place, run in enumerate(runs):
        values = [run["spreads"][name][0] for name in names]
        drawn = axes.barh([y + place * height for y in range(len(names))], values, height, label=run["form"])
        axes.bar_label(drawn, [f"{value:,.0f}" for value in values], padding=3, fontsize=7)
    axes.set(xscale="log", xlabel="ns per call, median", yticks=range(len(names)), yticklabels=names)
    axes.invert_yaxis()
    axes.legend(fontsize=8)
    _save(figure, "performance")


def _curves(grown: dict[str, dict[str, dict[str, float]]]) -> None:
    figure, panels = plt.subplots(1, 3, figsize=(10, 3.2), layout="constrained")
    shown = {
        "collect_us": "µs to collect a series",
        "bytes": "bytes of memory per series",
        "ns": "ns per record",
    }
    for axes, (key, label) in zip(panels, shown.items(), strict=True):
        for form, points in grown.items():
            pairs = [(int(number.split()[0]), one[key]) for number, one in points.items() if key in one]
            axes.plot(*zip(*pairs, strict=True), marker="o", label=form)
        axes.set(xscale="log", ylim=(0, None), ylabel=label, xlabel="threads" if key == "ns" else "series")
        axes.legend(fontsize=8)
    _save(figure, "performance-scale")


def _save(figure: Any, name: str) -> None:
    path = DOCS / "images" / f"{name}.svg"
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    text = path.read_text(encoding="utf-8")
    path.write_text("\n".join(line.rstrip() for line in text.splitlines()) + "\n", encoding="utf-8")
