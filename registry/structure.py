"""Structure: the keys that a registry file may have, and the types of their values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from otel_trading.errors import nearest
from registry.loading import Block, File, Problem


class Shape(NamedTuple):
    """The keys of one kind of block."""

    required: frozenset[str]
    optional: frozenset[str]


def _shape(required: str, optional: str = "") -> Shape:
    return Shape(frozenset(required.split()), frozenset(optional.split()))


STABILITY: Final = ("development", "alpha", "beta", "release_candidate", "stable")
INSTRUMENTS: Final = ("counter", "updowncounter", "gauge", "histogram")
SPAN_KINDS: Final = ("client", "server", "producer", "consumer", "internal")
TYPES: Final = ("string", "int", "double", "boolean", "string[]", "int[]", "double[]", "boolean[]", "any")
SEVERITIES: Final = ("debug", "info", "warn", "error", "fatal")
LEVELS: Final = ("required", "recommended", "opt_in")

MANIFEST: Final = _shape("schema_url description stability dependencies")
FILE: Final = _shape(
    "file_format",
    "attributes attribute_groups metrics spans events imports metric_refinements span_refinements",
)
SHAPES: Final = {
    "attributes": _shape("key brief stability type", "note examples deprecated annotations"),
    "metrics": _shape(
        "name brief instrument unit stability requirement_level",
        "note attributes entity_associations deprecated annotations",
    ),
    "spans": _shape(
        "type kind brief stability requirement_level name", "note attributes deprecated annotations"
    ),
    "events": _shape("name brief stability requirement_level", "note attributes deprecated annotations"),
    "metric_refinements": _shape("id ref", "brief note attributes annotations"),
    "span_refinements": _shape("id ref", "brief note attributes annotations"),
}
MEMBER: Final = _shape("id value brief stability", "note deprecated")
REF: Final = _shape("ref requirement_level", "brief note examples sampling_relevant")
ANNOTATIONS: Final = {
    "attributes": _shape("", "closed keyword"),
    "metrics": _shape("service prometheus", "buckets slo headline"),
    "metric_refinements": _shape("domain service prometheus", "buckets slo headline"),
    "spans": _shape(""),
    "events": _shape("severity"),
    "span_refinements": _shape(""),
}
CHOICES: Final = {
    "stability": STABILITY,
    "instrument": INSTRUMENTS,
    "kind": SPAN_KINDS,
    "requirement_level": LEVELS,
    "severity": SEVERITIES,
}


def check(file: File) -> Iterator[Problem]:
    """Find missing and unknown keys, and values of the wrong type, in one file."""
    top = MANIFEST if file.name.endswith("/manifest.yaml") else FILE
    yield from _keys(file.name, file.content, "", top)
    if top is MANIFEST:
        return
    if file.content.get("file_format") not in {None, "definition/2"}:
        line = file.content.lines["file_format"]
        yield Problem(file.name, line, "file_format", "must be definition/2")
    for section in SHAPES:
        for index, item in enumerate(_items(file.content, section)):
            yield from _entry(file.name, item, f"{section}[{index}]", section)


def _items(content: Block, section: str) -> list[Any]:
    found = content.get(section)
    return found if isinstance(found, list) else []


def _entry(file: str, item: Any, path: str, section: str) -> Iterator[Problem]:
    if not isinstance(item, Block):
        yield Problem(file, 1, path, "must be a mapping")
        return
    yield from _keys(file, item, path, SHAPES[section])
    yield from _nested(file, item, path, section)
    if section == "spans" and "name" in item and not isinstance(item["name"], Block):
        yield Problem(file, item.lines["name"], f"{path}.name", "must be a mapping with a note, not text")
    kind = item.get("type")
    if section == "attributes" and kind is not None and not isinstance(kind, Block) and kind not in TYPES:
        yield Problem(file, item.lines["type"], f"{path}.type", _choose(kind, TYPES))


def _nested(file: str, item: Block, path: str, section: str) -> Iterator[Problem]:
    for index, ref in enumerate(_items(item, "attributes")):
        where = f"{path}.attributes[{index}]"
        yield from _keys(file, ref, where, REF)
        if section != "spans" and "sampling_relevant" in ref:
            yield Problem(
                file, ref.lines["sampling_relevant"], f"{where}.sampling_relevant", "is allowed on spans only"
            )
    if section == "attributes" and isinstance(item.get("type"), Block):
        for index, member in enumerate(_items(item["type"], "members")):
            yield from _keys(file, member, f"{path}.type.members[{index}]", MEMBER)
    annotations = item.get("annotations", Block())
    ours = annotations.get("otel_trading") if isinstance(annotations, Block) else None
    if isinstance(ours, Block):
        yield from _keys(file, ours, f"{path}.annotations.otel_trading", ANNOTATIONS[section])
    elif ANNOTATIONS[section].required:
        yield Problem(
            file, item.line, path, f"needs annotations.otel_trading with {_words(ANNOTATIONS[section])}"
        )


def _keys(file: str, block: Any, path: str, shape: Shape) -> Iterator[Problem]:
    if not isinstance(block, Block):
        yield Problem(file, 1, path, "must be a mapping")
        return
    known = shape.required | shape.optional
    for key in block:
        if key not in known:
            where = f"{path}.{key}".lstrip(".")
            yield Problem(file, block.lines[key], where, f"is not a known key.{nearest(key, known)}")
    missing = sorted(shape.required - block.keys())
    if missing:
        yield Problem(file, block.line, path, f"needs {', '.join(missing)}")
    for key, value in block.items():
        yield from _choice(file, block, key, value, f"{path}.{key}".lstrip("."))


def _choice(file: str, block: Block, key: str, value: Any, path: str) -> Iterator[Problem]:
    allowed = CHOICES.get(key)
    conditional: Callable[[Any], bool] = lambda v: isinstance(v, Block) and len(v) == 1  # noqa: E731
    if allowed is None or value in allowed or (key == "requirement_level" and conditional(value)):
        return
    yield Problem(file, block.lines[key], path, _choose(value, allowed))


def _choose(given: Any, allowed: tuple[str, ...]) -> str:
    return f"is {given!r}, allowed: {', '.join(allowed)}.{nearest(str(given), allowed)}"


def _words(shape: Shape) -> str:
    return ", ".join(sorted(shape.required))
