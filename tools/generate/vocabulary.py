"""Vocabulary: generates the names, the metrics and the pages of reference from the registry."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from registry import upstream, vocabulary
from registry.loading import load
from registry.vocabulary import Attribute, Domain, Metric, Reference, screaming
from tools.generate.rendering import render

ROOT: Final = Path(__file__).parents[2]
HANDLES: Final = {
    "histogram": "Histogram",
    "counter": "Counter",
    "updowncounter": "UpDownCounter",
    "gauge": "Gauge",
}


def generate(folder: Path) -> dict[str, str]:
    """Return the text of every generated file by its path below the root.

    Args:
        folder: A sound registry: see `registry.checking`.
    """
    files, _ = load(folder)
    schema_url, domains = vocabulary.build(files)
    return dict(_python(schema_url, domains)) | dict(_pages(domains))


def _python(schema_url: str, domains: list[Domain]) -> Iterator[tuple[str, str]]:
    boundary_names = vocabulary.boundary_names(domains)
    shared = {
        "schema_url": schema_url,
        "domains": domains,
        "modules": sorted(domain.name for domain in domains),
        "names": sorted(metric.python for domain in domains for metric in domain.metrics),
        "count": sum(len(domain.metrics) for domain in domains),
    }
    for room in ("semconv", "metrics"):
        yield f"otel_trading/{room}/__init__.py", _formatted(render(f"{room}_init.py.j2", **shared))
        for domain in domains:
            names = _names_in(domain, domains)
            text = render(f"{room}.py.j2", domain=domain, boundary_names=boundary_names, **names)
            yield f"otel_trading/{room}/{domain.name}.py", _formatted(text)
    labels = render("labels.py.j2", references=vocabulary.distinct_labels(domains), values=_frozenset)
    yield "otel_trading/semconv/labels.py", _formatted(labels)
    boundaries = render("boundaries.py.j2", boundary_names=boundary_names)
    yield "otel_trading/semconv/boundaries.py", _formatted(boundaries)


def _names_in(domain: Domain, domains: list[Domain]) -> dict[str, Any]:
    kinds = sorted({HANDLES[metric.kind] for metric in domain.metrics})
    used = {ref.attribute for m in domain.metrics for ref in m.references if ref.attribute.members}
    domain_of = {attribute: owner.name for owner in domains for attribute in owner.attributes}
    imports: dict[str, list[str]] = {}
    for attribute in sorted(used & domain_of.keys()):
        imports.setdefault(domain_of[attribute], []).append(attribute.enum)
    shared = {
        "boundaries": any(metric.buckets for metric in domain.metrics),
        "labels": any(metric.references for metric in domain.metrics),
    }
    signals = {m.name: m.brief for m in domain.metrics} | {e.name: e.brief for e in domain.events}
    return {
        "enums": [attribute for attribute in domain.attributes if attribute.members],
        "shared": [name for name, used in shared.items() if used],
        "signals": [pair for pair in signals.items() if pair[0] not in {a.key for a in domain.attributes}],
        "bases": [f"{kind}Metric" for kind in kinds],
        "handles": kinds,
        "enum_imports": sorted(imports.items()),
        "screaming": screaming,
        "base": lambda metric: f"{HANDLES[metric.kind]}Metric",
        "handle": lambda metric: HANDLES[metric.kind],
        "parameter": _parameter,
    }


def _pages(domains: list[Domain]) -> Iterator[tuple[str, str]]:
    metrics: list[Metric] = [metric for domain in domains for metric in domain.metrics]
    for page in ("metrics", "attributes", "events"):
        yield (
            f"docs/reference/{page}.md",
            render(
                f"{page}.md.j2",
                domains=domains,
                count=len(metrics),
                headlines=sum(metric.headline for metric in metrics),
                upstream=[vocabulary.upstream_attribute(key) for key in upstream.ATTRIBUTES],
                values=lambda a: " ".join(f"`{m.value}`" for m in a.members) if a.closed else "`*`",
            ),
        )


def _frozenset(attribute: Attribute) -> str:
    if not attribute.closed:
        return "None"
    return "frozenset({" + ", ".join(json.dumps(member.value) for member in attribute.members) + "})"


def _parameter(ref: Reference) -> str:
    attribute = ref.attribute
    kind = "int" if attribute.type == "int" else "str"
    if attribute.members and attribute.ours:
        kind += f" | {attribute.enum}"
    return f"{attribute.keyword}: {kind}" if ref.required else f"{attribute.keyword}: {kind} | None = None"


def _formatted(text: str) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--config", str(ROOT / "pyproject.toml"), "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return done.stdout
