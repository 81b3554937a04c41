"""Rules: mistakes that Weaver accepts and this registry refuses, and OpenTelemetry's rules for names."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

from otel_trading.errors import nearest
from registry import upstream
from registry.loading import Block, File, Problem

NAME: Final = re.compile(r"[a-z][a-z0-9]*([._][a-z0-9]+)*")
UNIT: Final = re.compile(r"s|By|1|USD|bps|\{[a-z]+\}")
IDENTIFIERS: Final = re.compile(r"\.(id|reason|price|quantity|reset_by)$")
TOP_BUCKET_FACTOR: Final = 5
NAMED: Final = {"attributes": "key", "metrics": "name", "spans": "type", "events": "name"}
REFERRING: Final = ("metrics", "spans", "events", "metric_refinements", "span_refinements")


def check(files: list[File]) -> Iterator[Problem]:
    """Find every broken rule in registry files whose structure is valid."""
    registry = [file for file in files if not file.name.endswith("/manifest.yaml")]
    for section, key in NAMED.items():
        yield from _names(registry, section, key)
    attributes = {item["key"]: item for _, _, item in entries(registry, "attributes")}
    for file, path, item in entries(registry, "attributes"):
        yield from _attribute(file, path, item)
    for section in REFERRING:
        for file, path, item in entries(registry, section):
            yield from _references(file, path, item, section, attributes)
            if section in {"metrics", "metric_refinements"}:
                yield from _metric(file, path, item)
    for each in registry:
        yield from _imports(each)


def entries(files: list[File], section: str) -> Iterator[tuple[str, str, Block]]:
    """Yield file, path and block of every entry of one section."""
    for file in files:
        for index, item in enumerate(file.content.get(section) or []):
            yield file.name, f"{section}[{index}]", item


def _names(files: list[File], section: str, key: str) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    flat: dict[str, str] = {}
    for file, path, item in entries(files, section):
        name, line, where = item[key], item.lines[key], f"{path}.{key}"
        if not NAME.fullmatch(name):
            yield Problem(file, line, where, f"is {name!r}: join lower case words by dots and underscores")
        if name in seen:
            yield Problem(file, line, where, f"is {name!r}, which {seen[name]} already defines")
        elif flat.get(name.replace(".", "_"), name) != name:
            yield Problem(
                file,
                line,
                where,
                f"is {name!r}, which Prometheus cannot tell from {flat[name.replace('.', '_')]!r}",
            )
        if name.split(".")[0] in upstream.NAMESPACES or "." not in name:
            yield Problem(file, line, where, f"is {name!r}: our own names must start with trading.")
        if not str(item["brief"]).endswith("."):
            yield Problem(file, item.lines["brief"], f"{path}.brief", "must end with a period")
        seen[name] = f"{file}:{line}"
        flat[name.replace(".", "_")] = name
    yield from _namespaces(files, section, key, set(seen))


def _namespaces(files: list[File], section: str, key: str, names: set[str]) -> Iterator[Problem]:
    if section not in {"attributes", "metrics"}:
        return
    for file, path, item in entries(files, section):
        below = sorted(name for name in names if name.startswith(f"{item[key]}."))
        if below:
            sentence = f"is {item[key]!r}, which is also a namespace: it contains {below[0]!r}"
            yield Problem(file, item.lines[key], f"{path}.{key}", sentence)


def _attribute(file: str, path: str, item: Block) -> Iterator[Problem]:
    kind = item["type"]
    ours = _ours(item)
    if not isinstance(kind, Block):
        if kind == "string" and not item.get("examples"):
            yield Problem(file, item.line, path, "is a string, so it needs examples")
        if ours.get("closed"):
            yield Problem(file, item.line, path, "is closed, so it needs members")
        return
    members = kind.get("members") or []
    for field in ("id", "value"):
        seen: set[Any] = set()
        for index, member in enumerate(members):
            if member[field] in seen:
                where = f"{path}.type.members[{index}].{field}"
                yield Problem(file, member.lines[field], where, f"repeats {member[field]!r}")
            seen.add(member[field])
    if len({type(member["value"]) for member in members}) > 1:
        yield Problem(file, kind.line, f"{path}.type.members", "mix types: quote the numbers")
    for index, member in enumerate(members):
        if not NAME.fullmatch(str(member["id"])):
            where = f"{path}.type.members[{index}].id"
            yield Problem(
                file,
                member.lines["id"],
                where,
                f"is {member['id']!r}: an id must start with a lower case letter",
            )


def _references(
    file: str, path: str, item: Block, section: str, attributes: dict[str, Block]
) -> Iterator[Problem]:
    known = attributes.keys() | upstream.ATTRIBUTES.keys()
    seen: set[str] = set()
    for index, ref in enumerate(item.get("attributes") or []):
        name, line, where = ref["ref"], ref.lines["ref"], f"{path}.attributes[{index}].ref"
        if name not in known:
            yield Problem(file, line, where, f"{name!r} is not defined.{nearest(name, known)}")
        if name in seen:
            yield Problem(file, line, where, f"{name!r} is given twice")
        seen.add(name)
        if (
            section in {"metrics", "metric_refinements"}
            and IDENTIFIERS.search(name)
            and not _closed(attributes, name)
        ):
            sentence = (
                f"{name!r} is an identifier or free text: allowed on spans and events, never on a metric"
            )
            yield Problem(file, line, where, sentence)
    if section.endswith("_refinements"):
        base = upstream.METRICS if section.startswith("metric") else upstream.SPANS
        if item["ref"] not in base:
            sentence = f"{item['ref']!r} is not in OpenTelemetry's conventions.{nearest(item['ref'], base)}"
            yield Problem(file, item.lines["ref"], f"{path}.ref", sentence)


def _closed(attributes: dict[str, Block], name: str) -> bool:
    return name in attributes and bool(_ours(attributes[name]).get("closed"))


def _metric(file: str, path: str, item: Block) -> Iterator[Problem]:
    unit = item.get("unit")
    if unit is not None and not UNIT.fullmatch(str(unit)):
        sentence = f"is {unit!r}, allowed: s, By, 1, USD, bps, or a noun in braces, such as {{order}}"
        yield Problem(file, item.lines["unit"], f"{path}.unit", sentence)
    if item.get("name", "").endswith(("_total", ".total", ".count")):
        yield Problem(file, item.lines["name"], f"{path}.name", "must not end in total or count")
    for entity in item.get("entity_associations") or []:
        if entity not in upstream.ENTITIES:
            where = f"{path}.entity_associations"
            sentence = f"names the unknown entity {entity!r}.{nearest(entity, upstream.ENTITIES)}"
            yield Problem(file, item.lines["entity_associations"], where, sentence)
    yield from _buckets(file, f"{path}.annotations.otel_trading", item)


def _buckets(file: str, path: str, item: Block) -> Iterator[Problem]:
    ours = _ours(item)
    buckets, slo = ours.get("buckets"), ours.get("slo")
    base = upstream.METRICS.get(item.get("ref", ""))
    is_histogram = (base.instrument if base else item.get("instrument")) == "histogram"
    if is_histogram != (buckets is not None):
        sentence = "needs buckets" if is_histogram else "has buckets, which only a histogram has"
        yield Problem(file, ours.line, path, sentence)
        return
    if buckets is None:
        return
    line = ours.lines["buckets"]
    if not all(isinstance(b, float) and math.isfinite(b) for b in buckets):
        yield Problem(file, line, f"{path}.buckets", "must be floats: write 1.0, not 1")
    elif not all(low < high for low, high in pairwise(buckets)):
        yield Problem(file, line, f"{path}.buckets", "must ascend")
    elif slo is not None and slo["below"] not in buckets:
        yield Problem(file, line, f"{path}.slo.below", f"is {slo['below']}, but must be one of the buckets")
    elif slo is not None and buckets[-1] < TOP_BUCKET_FACTOR * slo["below"]:
        sentence = f"end at {buckets[-1]}, but must reach {TOP_BUCKET_FACTOR} times the objective"
        yield Problem(file, line, f"{path}.buckets", sentence)


def _imports(file: File) -> Iterator[Problem]:
    imports = file.content.get("imports") or Block()
    known = {"metrics": upstream.METRICS, "entities": upstream.ENTITIES, "spans": upstream.SPANS}
    for kind, names in imports.items():
        for name in names:
            if name not in known.get(kind, ()):
                guess = nearest(name, known.get(kind, ()))
                sentence = f"names {name!r}, which is not in OpenTelemetry's conventions.{guess}"
                yield Problem(file.name, imports.lines[kind], f"imports.{kind}", sentence)


def _ours(item: Block) -> Block:
    annotations = item.get("annotations")
    ours = annotations.get("otel_trading") if isinstance(annotations, Block) else None
    if isinstance(ours, Block):
        return ours
    empty = Block()
    empty.line, empty.lines = item.line, {}
    return empty
