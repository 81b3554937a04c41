"""A search for cycles among imports."""

from __future__ import annotations

from collections.abc import Mapping


def cycle_in(edges: Mapping[str, set[str]]) -> list[str]:
    """Return the modules of one cycle, in the order in which they import each other; empty if there is none.

    Args:
        edges: The modules that each module imports.
    """
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> list[str]:
        if module in path:
            return [*path[path.index(module) :], module]
        if module not in done:
            for target in sorted(edges[module]):
                if cycle := visit(target, (*path, module)):
                    return cycle
            done.add(module)
        return []

    return next((cycle for module in edges if (cycle := visit(module, ()))), [])
