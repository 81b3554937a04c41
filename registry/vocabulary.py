"""The vocabulary: registry files resolved into the objects that the templates render."""

from __future__ import annotations

from math import inf
from typing import Any, Final, NamedTuple

from registry import upstream
from registry.loading import Block, File


class Scale(NamedTuple):
    """A unit of time for values below a bound.

    Attributes:
        below: In seconds.
        per_unit: The number of these units in a second.
        unit: Its symbol.
    """

    below: float
    per_unit: float
    unit: str


SCALES: Final = (Scale(1e-6, 1e9, "ns"), Scale(1e-3, 1e6, "us"), Scale(1.0, 1e3, "ms"))
DOMAINS: Final = ("market_data", "signal", "risk", "order", "portfolio", "venue", "runtime")


class Member(NamedTuple):
    """One value of a closed set."""

    id: str
    value: str
    brief: str


class Attribute(NamedTuple):
    """One attribute; `members` is empty if any value is allowed."""

    key: str
    keyword: str
    type: str
    brief: str
    members: tuple[Member, ...]
    closed: bool
    ours: bool

    @property
    def constant(self) -> str:
        """The name of its constant, spelled as in OpenTelemetry's generated packages."""
        return screaming(self.key)

    @property
    def enum(self) -> str:
        """The name of its enum."""
        return "".join(part.capitalize() for part in self.key.replace(".", "_").split("_")) + "Values"


class Reference(NamedTuple):
    """The use of an attribute by a metric, span or event."""

    attribute: Attribute
    required: bool
    level: str

    @property
    def constant(self) -> str:
        """The name of its constant in `otel_trading.semconv.labels`."""
        name = screaming(self.attribute.key.removeprefix("trading."))
        return name if self.required else f"OPTIONAL_{name}"


class Metric(NamedTuple):
    """One metric with all facts that the generated code and the reference page need."""

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
    """The attributes, metrics, spans and events of one subject."""

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


def distinct_labels(domains: list[Domain]) -> list[Reference]:
    """Return each label of the metrics once, in the order of the registry."""
    references = (ref for domain in domains for metric in domain.metrics for ref in metric.references)
    return list({ref.constant: ref for ref in references}.values())


def boundary_names(domains: list[Domain]) -> dict[tuple[tuple[float, ...], str], str]:
    """Return a name for each distinct list of bucket boundaries.

    Returns:
        `FROM_<first>_TO_<last>` by boundaries and unit; a second list with the same ends gets `_2`.
    """
    names: dict[tuple[tuple[float, ...], str], str] = {}
    for metric in (metric for domain in domains for metric in domain.metrics):
        if metric.buckets and (metric.buckets, metric.unit) not in names:
            ends = (_quantity(boundary, metric.unit) for boundary in (metric.buckets[0], metric.buckets[-1]))
            name = "FROM_{}_TO_{}".format(*ends)
            same = sum(other.startswith(name) for other in names.values())
            names[metric.buckets, metric.unit] = f"{name}_{same + 1}" if same else name
    return names


def screaming(name: str) -> str:
    """Spell a name as a constant."""
    return name.replace(".", "_").upper()


def _quantity(value: float, unit: str) -> str:
    """Spell a value with its unit so that it can be part of a constant: 0.0005 s is `500US`."""
    scale = next((s for s in SCALES if unit == "s" and value and abs(value) < s.below), Scale(inf, 1, unit))
    number = f"{round(value * scale.per_unit, 6):g}"
    suffix = scale.unit.upper() if scale.unit.isalpha() else ""
    return number.replace("-", "MINUS_").replace(".", "_") + suffix


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
