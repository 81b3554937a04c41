"""Scopes: finds a function, a class or a module of the repository by its dotted name."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
Scope = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class NotFoundError(Exception):
    """A name fits no function or clause, or more than one; the message lists the candidates."""


@dataclass(frozen=True)
class Source:
    """The source of a module.

    Attributes:
        path: The file of the module, relative to the root.
        text: The text of the file.
        tree: The syntax tree of the text.
    """

    path: Path
    text: str
    tree: ast.Module


def read(root: Path, module: str) -> Source:
    """Read a module.

    Args:
        root: The folder of the repository.
        module: The dotted name of the module.

    Raises:
        NotFoundError: The module does not exist.
    """
    for path in _paths(module):
        if (root / path).is_file():
            text = (root / path).read_text(encoding="utf-8")
            return Source(path, text, ast.parse(text))
    raise NotFoundError(f"no module {module}{_nearest(module, list(_modules(root, module)))}")


def _paths(module: str) -> tuple[Path, Path]:
    place = Path(*module.split("."))
    return place.with_suffix(".py"), place / "__init__.py"


def _modules(root: Path, module: str) -> Iterator[str]:
    """Yield the names of the modules of the package that a module belongs to."""
    for path in sorted((root / module.partition(".")[0]).rglob("*.py")):
        yield ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def scope(root: Path, name: str) -> tuple[Source, Scope]:
    """Return a function, a class or a module, with its source.

    Args:
        root: The folder of the repository.
        name: `module:Class.method`, `module:function`, `module:function.inner`, or `module` alone.

    Raises:
        NotFoundError: The name does not exist, or is defined more than once.
    """
    module, _, qualified = name.partition(":")
    source = read(root, module)
    if not qualified:
        return source, source.tree
    known = list(_scopes(source.tree, ""))
    found = [node for known_name, node in known if known_name == qualified]
    if not found:
        names = [*_moved(root, module, qualified), *(known_name for known_name, _ in known)]
        raise NotFoundError(f"no function {qualified} in {module}{_nearest(qualified, names)}")
    if len(found) > 1:
        lines = ", ".join(str(node.lineno) for node in found)
        raise NotFoundError(f"{qualified} is defined {len(found)} times in {module}, on the lines {lines}")
    return source, found[0]


def _moved(root: Path, module: str, qualified: str) -> Iterator[str]:
    """Yield the functions of the same name in other modules of the package, since functions move."""
    last = qualified.rpartition(".")[2]
    for other in _modules(root, module):
        found = [name for name, _ in _scopes(read(root, other).tree, "")] if other != module else []
        yield from (f"{other}:{name}" for name in found if name.rpartition(".")[2] == last)


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 3, 0.4)
    same = [each for each in known if re.split(r"[.:]", each)[-1] == re.split(r"[.:]", name)[-1]]
    names = list(dict.fromkeys([*same, *near]))
    return f"; did you mean {' or '.join(names)}?" if names else ""


def _scopes(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.ClassDef | ast.FunctionDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*FUNCTIONS, ast.ClassDef)):
            name = prefix + child.name
            yield name, child  # type: ignore[misc]  # an async function has the same fields
            yield from _scopes(child, f"{name}.")
        else:
            yield from _scopes(child, prefix)
