"""The vocabulary: registry files resolved into what the templates write."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from registry import upstream
from registry.loading import Block, File

DOMAINS: Final = ("market_data", "signal", "risk", "order", "portfolio", "venue", "runtime")


class Member(NamedTuple):
    """One value of a closed set."""

    id: str
    value: str
    brief: str


class Attribute(NamedTuple):
    """One attribute; `members` is empty where any value is allowed."""

    key: str
    keyword: str
    type: str
    brief: str
    members: tuple[Member, ...]
    closed: bool
    ours: bool

    @property
    def constant(self) -> str:
        """The name of its constant, as OpenTelemetry's generated packages spell it."""
        return screaming(self.key)

    @property
    def enum(self) -> str:
        """The name of its enum."""
        return "".join(part.capitalize() for part in self.key.replace(".", "_").split("_")) + "Values"


class Reference(NamedTuple):
    """An attribute in a signal."""

    attribute: Attribute
    required: bool
    level: str


class Metric(NamedTuple):
    """One metric with everything the generated code and the reference page need."""

    name: str
    kind: str
    unit: str
    brief: str
    note: str
    references: tuple[Reference, ...]
    service: str
    prometheus: str
    buckets: tuple[float, ...] | None
    slo: dict[str, float] | None
    headline: bool

    @property
    def python(self) -> str:
        """Its name in `otel_trading.metrics`."""
        return self.name.removeprefix("trading.").replace(".", "_")

    @property
    def class_name(self) -> str:
        """The name of its class."""
        return "".join(part.capitalize() for part in self.python.split("_"))


class Signal(NamedTuple):
    """One span or event."""

    name: str
    detail: str
    brief: str
    references: tuple[Reference, ...]


class Domain(NamedTuple):
    """Everything of one subject."""

    name: str
    attributes: list[Attribute]
    metrics: list[Metric]
    spans: list[Signal]
    events: list[Signal]


def build(files: list[File]) -> tuple[str, list[Domain]]:
    """Resolve checked registry files.

    Returns:
        The schema URL, and the domains in the order of the data flow.
    """
    content = {file.name.rsplit("/", 1)[1].removesuffix(".yaml"): file.content for file in files}
    attributes = {
        attribute.key: attribute
        for domain in DOMAINS
        for attribute in map(_attribute, content[domain].get("attributes") or [])
    }
    attributes |= {key: upstream_attribute(key) for key in upstream.ATTRIBUTES}
    refined = [
        (_ours(item)["domain"], _metric(item, attributes))
        for item in content["upstream"]["metric_refinements"]
    ]
    domains = [
        Domain(
            name,
            [attributes[item["key"]] for item in content[name].get("attributes") or []],
            [_metric(item, attributes) for item in content[name].get("metrics") or []]
            + [metric for domain, metric in refined if domain == name],
            [_signal(item, "type", item["kind"], attributes) for item in content[name].get("spans") or []],
            [
                _signal(item, "name", _ours(item)["severity"], attributes)
                for item in content[name].get("events") or []
            ],
        )
        for name in DOMAINS
    ]
    return content["manifest"]["schema_url"], domains


def screaming(name: str) -> str:
    """Spell a name as a constant."""
    return name.replace(".", "_").upper()


def _ours(item: Block) -> dict[str, Any]:
    found: dict[str, Any] = (item.get("annotations") or {}).get("otel_trading", {})
    return found


def _attribute(item: Block) -> Attribute:
    ours, kind = _ours(item), item["type"]
    keyword = ours.get("keyword") or item["key"].removeprefix("trading.").replace(".", "_")
    if not isinstance(kind, Block):
        return Attribute(item["key"], keyword, kind, item["brief"], (), closed=False, ours=True)
    members = tuple(Member(m["id"], str(m["value"]), m["brief"]) for m in kind["members"])
    return Attribute(
        item["key"], keyword, "string", item["brief"], members, bool(ours.get("closed")), ours=True
    )


def upstream_attribute(key: str) -> Attribute:
    """Return an attribute of the conventions."""
    entry = upstream.ATTRIBUTES[key]
    members = tuple(Member(value, value, "") for value in entry.values)
    return Attribute(key, entry.keyword, entry.type, entry.brief, members, bool(members), ours=False)


def _references(item: Block, attributes: dict[str, Attribute]) -> tuple[Reference, ...]:
    found = []
    for ref in item.get("attributes") or []:
        level = ref["requirement_level"]
        text = level if isinstance(level, str) else " ".join(map(str, level.values()))
        found.append(Reference(attributes[ref["ref"]], level == "required", text))
    return tuple(found)


def _metric(item: Block, attributes: dict[str, Attribute]) -> Metric:
    ours = _ours(item)
    base = upstream.METRICS.get(item.get("ref", ""))
    buckets = ours.get("buckets")
    return Metric(
        name=item.get("name") or item["ref"],
        kind=base.instrument if base else item["instrument"],
        unit=base.unit if base else item["unit"],
        brief=item["brief"],
        note=item.get("note", ""),
        references=_references(item, attributes),
        service=ours["service"],
        prometheus=ours["prometheus"],
        buckets=None if buckets is None else tuple(buckets),
        slo=ours.get("slo"),
        headline=bool(ours.get("headline")),
    )


def _signal(item: Block, key: str, detail: str, attributes: dict[str, Attribute]) -> Signal:
    note = item["name"]["note"] if key == "type" else ""
    return Signal(item[key], f"{detail}|{note}", item["brief"], _references(item, attributes))
