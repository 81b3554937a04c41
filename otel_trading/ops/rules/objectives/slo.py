"""Service level objectives: reads OpenSLO documents and checks them against the vocabulary.

The documents follow OpenSLO v1 (https://github.com/OpenSLO/OpenSLO#specification): each file has one
`Service` and its `SLO`s.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from otel_trading.errors import nearest
from otel_trading.ops.rules.documents import Document, read
from otel_trading.semconv import ALL_METRICS

OCCURRENCES: Final = "Occurrences"
"""The budgeting method that counts events: the queries are counters."""

TIMESLICES: Final = "Timeslices"
"""The budgeting method that counts time slices: the queries count the healthy things, and all things."""

_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_BUCKET: Final = re.compile(r"(?P<metric>\w+)_bucket\{(?P<labels>[^}]*)\}")
_LE: Final = re.compile(r'\ble\s*=\s*"([^"]*)"')
_BOUNDARIES: Final = {m.prometheus: m.boundaries for m in ALL_METRICS if m.boundaries}
_METRIC: Final = "spec.indicator.spec.ratioMetric"


class Slo(NamedTuple):
    """One objective.

    Attributes:
        name: The label `slo`, such as `order-submit-latency`.
        service: The label `service_name`.
        title: The display name.
        description: The promise, in a sentence or two.
        target: The share that must be good, between 0 and 1.
        budgeting: `Occurrences` or `Timeslices`.
        good: PromQL of the good events: a counter, or the number of things that are well now.
        total: PromQL of all events: a counter, or the number of things that should be well now.
        period: The period of the budget, such as `30d`.
        place: The name of the document in errors.
    """

    name: str
    service: str
    title: str
    description: str
    target: float
    budgeting: str
    good: str
    total: str
    period: str
    place: str


def load(folder: Path) -> list[Slo]:
    """Read the objectives of a folder.

    Args:
        folder: The folder with `<service>.yaml` files; its `windows.yaml` is ignored.

    Raises:
        ConfigurationError: A document violates OpenSLO or the vocabulary; the error names file and key.
    """
    files = [path for path in sorted(folder.glob("*.yaml")) if path.name != "windows.yaml"]
    documents = [document for path in files for document in read(path)]
    for document in documents:
        document.choose("apiVersion", ("openslo/v1",))
        _check_name(document)
    by_kind: dict[str, list[Document]] = {"Service": [], "SLO": []}
    for document in documents:
        by_kind[document.choose("kind", tuple(by_kind))].append(document)
    services = [document.get("metadata.name", str) for document in by_kind["Service"]]
    found = [_slo(document, services) for document in by_kind["SLO"]]
    _check_unique(found)
    return found


def le_matcher(boundary: float) -> str:
    """Return a matcher of a bucket for both routes, OTLP and scrape.

    Prometheus writes `0.00001` and `50` for a series sent by OTLP, `1e-05` and `50.0` for a scraped one.

    Args:
        boundary: The bucket's upper boundary, in the metric's unit.
    """
    scraped = repr(float(boundary))
    pushed = f"{Decimal(scraped):f}".removesuffix(".0")
    if pushed == scraped:
        return f'le="{pushed}"'
    return f'le=~"{pushed}|{scraped}"'.replace(".", "[.]")


def _slo(document: Document, services: list[str]) -> Slo:
    # Only the ratioMetric indicator is supported: https://github.com/OpenSLO/OpenSLO#sli
    document.get("spec.indicator.metadata.name", str)
    budgeting = document.choose("spec.budgetingMethod", (OCCURRENCES, TIMESLICES))
    if document.get(f"{_METRIC}.counter", bool) is not (budgeting == OCCURRENCES):
        raise document.error(
            f"{_METRIC}.counter", f"must be {str(budgeting == OCCURRENCES).lower()} with {budgeting}"
        )
    return Slo(
        name=document.get("metadata.name", str),
        service=document.choose("spec.service", tuple(services)),
        title=document.get("metadata.displayName", str),
        description=document.get("spec.description", str).strip(),
        target=_target(document),
        budgeting=budgeting,
        good=_query(document, f"{_METRIC}.good.metricSource.spec.query"),
        total=_query(document, f"{_METRIC}.total.metricSource.spec.query"),
        period=document.get("spec.timeWindow.0.duration", str),
        place=document.place,
    )


def _target(document: Document) -> float:
    path = "spec.objectives.0.target"
    target = document.get(path, float)
    if not 0 < target < 1:
        raise document.error(path, f"is {target}, must be between 0 and 1, such as 0.999")
    return target


def _query(document: Document, path: str) -> str:
    def on_every_route(bucket: re.Match[str]) -> str:
        metric, labels = bucket["metric"], bucket["labels"]
        matcher = le_matcher(_boundary(document, path, metric, labels))
        return f"{metric}_bucket{{{_LE.sub(lambda _: matcher, labels)}}}"

    return _BUCKET.sub(on_every_route, document.get(path, str).strip())


def _boundary(document: Document, path: str, metric: str, labels: str) -> float:
    """Return the `le` of a query, which must be one of the metric's bucket boundaries."""
    boundaries = _BOUNDARIES.get(metric)
    if boundaries is None:
        raise document.error(path, f"names {metric}, which is not a histogram.{nearest(metric, _BOUNDARIES)}")
    given = _LE.search(labels)
    if given is None:
        raise document.error(path, f'reads {metric}_bucket without le="…": it must name one boundary')
    try:
        value = float(given[1])
    except ValueError:
        raise document.error(path, f"has le={given[1]!r}, must be a number") from None
    if value not in boundaries:
        around = bisect_left(boundaries, value)
        near = " and ".join(f"{b:g}" for b in boundaries[max(0, around - 1) : around + 1])
        allowed = ", ".join(f"{b:g}" for b in boundaries)
        raise document.error(
            path,
            f"has le={given[1]!r}, which is not a bucket boundary of {metric}. "
            f"Nearest: {near}. Allowed: {allowed}",
        )
    return value


def _check_name(document: Document) -> None:
    name = document.get("metadata.name", str)
    if not _NAME.fullmatch(name):
        raise document.error(
            "metadata.name", f"is {name!r}, must be at most 63 lower-case letters, digits and dashes"
        )


def _check_unique(slos: list[Slo]) -> None:
    seen: dict[str, Slo] = {}
    for slo in slos:
        first = seen.setdefault(slo.name, slo)
        if first is not slo:
            raise Document(slo.place, None).error("metadata.name", f"is given twice, first in {first.place}")
