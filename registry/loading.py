"""Loading: read registry files into plain values that keep their line numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

_YAML_1_1_BOOL = {"on", "off", "yes", "no", "y", "n"}
_EXPONENT = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+")


class Problem(NamedTuple):
    """One mistake: its place, and a sentence with the fix."""

    file: str
    line: int
    path: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.path or 'the file'} {self.sentence}"


class Block(dict[str, Any]):
    """A mapping with the line it starts on and the line of each key."""

    line: int
    lines: dict[str, int]


class File(NamedTuple):
    """One registry file."""

    name: str
    content: Block


def load(folder: Path) -> tuple[list[File], list[Problem]]:
    """Read every registry file of a folder, sorted by name.

    Args:
        folder: A folder whose `*.yaml` files are all of the registry, `manifest.yaml` included.

    Returns:
        The files, and the problems with YAML itself: errors, and values that parsers read differently.
    """
    files, problems = [], []
    for path in sorted(folder.glob("*.yaml")):
        name = f"{folder.name}/{path.name}"
        try:
            node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            problems.append(Problem(name, line, "", f"is not valid YAML: {error.problem}"))
            continue
        if not isinstance(node, yaml.MappingNode):
            problems.append(Problem(name, 1, "", "must be a mapping"))
            continue
        problems.extend(_traps(name, node, ""))
        files.append(File(name, _value(node)))
    return files, problems


def _value(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        block = Block({str(_value(key)): _value(value) for key, value in node.value})
        block.line = node.start_mark.line + 1
        block.lines = {str(_value(key)): key.start_mark.line + 1 for key, _ in node.value}
        return block
    if isinstance(node, yaml.SequenceNode):
        return [_value(item) for item in node.value]
    return _construct(node)


def _construct(node: yaml.Node) -> Any:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node)
    finally:
        loader.dispose()


def _traps(file: str, node: yaml.Node, path: str) -> Iterator[Problem]:
    """Find scalars that YAML 1.1 (PyYAML) and YAML 1.2 (Weaver) read differently, and duplicate keys."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield Problem(
                    file, key.start_mark.line + 1, f"{path}.{key.value}".lstrip("."), "is given twice"
                )
            seen.add(key.value)
            yield from _traps(file, value, f"{path}.{key.value}".lstrip("."))
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _traps(file, item, f"{path}[{index}]")
    elif isinstance(node, yaml.ScalarNode) and node.style is None and _ambiguous(node.tag, node.value):
        yield Problem(
            file,
            node.start_mark.line + 1,
            path,
            f"is {node.value}, which YAML 1.1 and 1.2 read differently: quote it",
        )


def _ambiguous(tag: str, text: str) -> bool:
    tag = tag.rsplit(":", 1)[1]
    return (
        (tag == "bool" and text.lower() in _YAML_1_1_BOOL)
        or (tag in {"int", "float"} and (":" in text or (text.startswith("0") and text[1:].isdigit())))
        or (tag == "str" and _EXPONENT.fullmatch(text) is not None)
        or tag == "timestamp"
    )
