"""The metrics file: reads the description of further metrics, the argument of `--metrics FILE`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from otel_trading.errors import nearest
from otel_trading.ops.rules.documents import Document
from otel_trading.ops.rules.promql.vocabulary import KnownSeries, Values
from otel_trading.ops.rules.rule_file import duration, read

STACK: Final = Path(__file__).parent / "stack_metrics.yaml"
"""The metrics of Prometheus, Alertmanager and the Collector about themselves."""

_KINDS: Final = ("counter", "gauge", "updowncounter", "histogram")
_KEYS: Final = ("kind", "unit", "labels", "may_have", "buckets", "born", "max_rate")
_BIRTHS: Final = ("zero", "first event")
_UNITS: Final = {"s": "1s", "min": "1m", "h": "1h"}


def load(path: Path) -> Iterator[KnownSeries]:
    """Read a metrics file, YAML or JSON.

    Args:
        path: The file.

    Yields:
        The series of the metrics; three for each histogram.

    Raises:
        ConfigurationError: The file cannot be read, or has an unknown key or value.
    """
    content, _ = read(path)
    document = Document(str(path), content)
    for name in document.get("metrics", dict):
        yield from _series(document, str(name))


def _series(document: Document, name: str) -> Iterator[KnownSeries]:
    at = f"metrics.{name}"
    given = document.get(at, dict)
    for key in given:
        if key not in _KEYS:
            raise document.error(
                f"{at}.{key}", f"is unknown, allowed: {', '.join(_KEYS)}.{nearest(key, _KEYS)}"
            )
    kind = document.choose(f"{at}.kind", _KINDS)
    series = KnownSeries(
        name=name,
        kind="counter" if kind == "histogram" else kind,
        labels={**_labels(document, at, "labels"), **_labels(document, at, "may_have")},
        unit=str(given.get("unit", "")),
        boundaries=_boundaries(document, at, kind),
        born_at_zero="born" in given and document.choose(f"{at}.born", _BIRTHS) == "zero",
        max_rate=_rate(document, at) if "max_rate" in given else None,
    )
    yield from series.parts() if kind == "histogram" else [series]


def _boundaries(document: Document, at: str, kind: str) -> tuple[float, ...]:
    if kind != "histogram":
        return ()
    count = len(document.get(f"{at}.buckets", list))
    return tuple(sorted(document.get(f"{at}.buckets.{index}", float) for index in range(count)))


def _labels(document: Document, at: str, key: str) -> dict[str, Values]:
    given = document.get(at, dict).get(key) or {}
    if not isinstance(given, dict):
        raise document.error(f"{at}.{key}", f"is {given!r}, must be a mapping from label to values")
    closed = {label: document.get(f"{at}.{key}.{label}", list) for label in given if given[label] is not None}
    return {
        str(label): Values(frozenset(map(str, closed[label])) if label in closed else None, key == "may_have")
        for label in given
    }


def _rate(document: Document, at: str) -> float:
    """Parse a rate such as `2/min` or `5/10s`, and return events per second."""
    given = document.get(f"{at}.max_rate", str)
    count, _, unit = given.partition("/")
    try:
        return float(count) / duration(_UNITS.get(unit, unit))
    except (ValueError, ZeroDivisionError):
        raise document.error(
            f"{at}.max_rate", f"is {given!r}, must be a rate such as 2/min or 5/10s"
        ) from None
