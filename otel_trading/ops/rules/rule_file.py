"""Rule files: the rules of Prometheus rule files, each with its line number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from promql_parser import parse_duration

from otel_trading.errors import ConfigurationError

EVALUATION_INTERVAL: Final = 5.0
"""Seconds between two evaluations of a group without an interval: prometheus.yml's `evaluation_interval`."""

_ZERO: Final = re.compile("0(ms|s|m|h|d|w|y)?")


@dataclass(frozen=True)
class Rule:
    """One alert or one recording rule.

    Attributes:
        file: The path as the caller gave it.
        line: The line of the key `alert` or `record`, from 1.
        group: The name of the rule's group.
        interval: Seconds between two evaluations.
        name: The name of the alert, or of the recorded series.
        is_alert: Whether the rule is an alert.
        expr: The PromQL expression, verbatim.
        hold: Seconds that the expression must hold before the alert fires (`for`).
        labels: The labels that the rule adds to those of the result.
        annotations: The texts of the annotations, by name.
    """

    file: str
    line: int
    group: str
    interval: float
    name: str
    is_alert: bool
    expr: str
    hold: float
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


def load(path: Path) -> list[Rule]:
    """Read a rule file, or every rule file of a folder.

    Args:
        path: A file, or a folder of `*.yml` and `*.yaml`.

    Returns:
        The rules in the order of the files.

    Raises:
        ConfigurationError: A file cannot be read, is not YAML, or is not a rule file.
    """
    if not path.is_dir():
        return list(_rules(path))
    files = sorted(file for file in path.iterdir() if file.suffix in {".yml", ".yaml"})
    if not files:
        raise ConfigurationError(f"the folder {str(path)!r} holds no rule file (*.yml)")
    return [rule for file in files for rule in _rules(file)]


def _rules(path: Path) -> Iterator[Rule]:
    content, root = read(path)
    if not isinstance(content, dict) or not isinstance(content.get("groups"), list):
        raise ConfigurationError(f"{str(path)!r} is not a rule file: it has no list `groups`")
    for group, group_node in zip(content["groups"], _value(root, "groups").value, strict=True):
        for item, node in zip(
            _items(path, group, group_node), _value(group_node, "rules").value, strict=True
        ):
            yield _rule(path, group, item, node)


def read(path: Path) -> tuple[Any, Any]:
    """Read a YAML or JSON file.

    Args:
        path: The file.

    Returns:
        The content, and the YAML nodes, which know their lines.

    Raises:
        ConfigurationError: The file cannot be read, or is not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8")
        return yaml.safe_load(text), yaml.compose(text, Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigurationError(f"{str(path)!r} cannot be read: {reason}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise ConfigurationError(
            f"{str(path)!r} is not YAML: {where}{getattr(error, 'problem', error)}"
        ) from error


def _items(path: Path, group: Any, node: yaml.Node) -> list[Any]:
    if not isinstance(group, dict) or not isinstance(group.get("rules"), list):
        raise ConfigurationError(f"{_place(path, node)}: a group needs a list `rules`")
    return list(group["rules"])


def _rule(path: Path, group: dict[str, Any], item: Any, node: yaml.Node) -> Rule:
    kinds = [kind for kind in ("alert", "record") if isinstance(item, dict) and kind in item]
    if len(kinds) != 1 or item.get("expr") is None:
        raise ConfigurationError(
            f"{_place(path, node)}: a rule needs `expr`, and one of `alert` and `record`"
        )
    (kind,) = kinds
    line = next(key.start_mark.line + 1 for key, _ in node.value if key.value == kind)
    place = f"{str(path)!r}, line {line}"
    return Rule(
        file=str(path),
        line=line,
        group=str(group.get("name", "")),
        interval=_seconds(place, group, "interval") or EVALUATION_INTERVAL,
        name=str(item[kind]),
        is_alert=kind == "alert",
        expr=str(item["expr"]),
        hold=_seconds(place, item, "for"),
        labels=_texts(place, item, "labels"),
        annotations=_texts(place, item, "annotations"),
    )


def duration(text: str) -> float:
    """Parse a duration in the notation of Prometheus and Alertmanager, such as `1m30s`.

    Returns:
        The duration in seconds.

    Raises:
        ValueError: The text is not a duration.
    """
    # Prometheus accepts a bare 0, which the parser refuses:
    # https://prometheus.io/docs/prometheus/latest/querying/basics/#float-literals-and-time-durations
    return 0.0 if _ZERO.fullmatch(text) else parse_duration(text).total_seconds()


def _seconds(place: str, block: dict[str, Any], key: str) -> float:
    try:
        return duration(str(block.get(key, "0s")))
    except ValueError:
        raise ConfigurationError(
            f"{place}: {key} is {block[key]!r}, expected a duration such as 30s"
        ) from None


def _texts(place: str, block: dict[str, Any], key: str) -> dict[str, str]:
    given = block.get(key) or {}
    if not isinstance(given, dict):
        raise ConfigurationError(f"{place}: {key} is {given!r}, expected a mapping")
    return {str(name): str(text) for name, text in given.items()}


def _value(node: yaml.Node, key: str) -> Any:
    return next(value for name, value in node.value if name.value == key)


def _place(path: Path, node: yaml.Node) -> str:
    return f"{str(path)!r}, line {node.start_mark.line + 1}"
