"""Removes or bends each clause of the alert rules, and reports every mutant that no test notices.

A mutant lacks an operand of `and`, `or` or `unless`, a condition on a label, a label that is grouped or
matched by, a comparison, an offset, its `for` or its `keep_firing_for`; or a threshold or a hold of it is
another one. The tests of the alert, `alerts/tests/<Alert>.yml`, run against it: those that fail have noticed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import yaml
from promql_parser import (
    AggregateExpr,
    BinaryExpr,
    Expr,
    LabelModifier,
    LabelModifierType,
    NumberLiteral,
    VectorSelector,
    display_duration,
    parse,
    parse_duration,
    transform,
)

from collector.stack.build import BuildError, build

ALERTS: Final = Path(__file__).resolve().parent
TESTS: Final = ALERTS / "tests"
PROCESSES: Final = 2

_COMPARISONS: Final = {">", ">=", "<", "<=", "==", "!="}
_SETS: Final = {"and", "or", "unless"}
_HOLDS: Final = ("for", "keep_firing_for")
_NUDGE: Final = 0.25
_LONG: Final = timedelta(minutes=30)
_USAGE_ERROR: Final = 2

Rule = dict[str, Any]


@dataclass(frozen=True)
class Mutant:
    """A rule with one clause changed.

    Attributes:
        change: What was done to it, in words.
        rule: As it stands in a rule file.
    """

    change: str
    rule: Rule


def mutants(rule: Rule) -> Iterator[Mutant]:
    """Yield every mutant of an alert.

    Args:
        rule: As it stands in a rule file.
    """
    for change, expr in _expressions(parse(rule["expr"])):
        yield Mutant(change, {**rule, "expr": expr.prettify()})
    for hold in _HOLDS:
        if hold in rule:
            yield Mutant(f"without {hold}", {key: value for key, value in rule.items() if key != hold})
            longer = display_duration(2 * parse_duration(rule[hold]))
            yield Mutant(f"{hold} twice as long", {**rule, hold: longer})


def _expressions(expr: Expr) -> Iterator[tuple[str, Expr]]:
    nodes: list[Expr] = []
    transform(expr, post_visit=nodes.append)
    for place, node in enumerate(nodes):
        for change, other in _changed(node):
            yield change, _replaced(expr, place, other)


def _replaced(expr: Expr, place: int, other: Expr) -> Expr:
    """Return an expression with another node in place of the one that is visited as the `place`th."""
    visits = iter(range(sys.maxsize))
    return transform(expr, post_visit=lambda _: other if next(visits) == place else None)


def _changed(node: Expr) -> Iterator[tuple[str, Expr]]:
    """Yield what a node may be changed to, with the change in words."""
    if isinstance(node, VectorSelector):
        yield from _selectors(node)
    if isinstance(node, AggregateExpr) and node.modifier is not None:
        yield from _groupings(node)
    if isinstance(node, BinaryExpr) and str(node.op) in _SETS:
        yield f"without what follows `{node.op}`: {_line(node.rhs)}", node.lhs
        if str(node.op) != "unless":
            yield f"without what stands before `{node.op}`: {_line(node.lhs)}", node.rhs
        yield from _matchings(node)
    if isinstance(node, BinaryExpr) and str(node.op) in _COMPARISONS:
        yield from _comparisons(node)


def _selectors(node: VectorSelector) -> Iterator[tuple[str, Expr]]:
    conditions = [str(each) for each in node.matchers.matchers]
    after = str(node)[len(str(node).partition(" offset ")[0]) :]
    for condition in conditions:
        kept = ", ".join(each for each in conditions if each != condition)
        if node.name or kept:
            yield f"{node.name} without {condition}", parse(f"{node.name or ''}{{{kept}}}{after}")
    if after:
        yield f"{node.name} without{after}", parse(str(node).removesuffix(after))


def _groupings(node: AggregateExpr) -> Iterator[tuple[str, Expr]]:
    labels = node.modifier.labels if node.modifier else []
    for label in labels:
        kept = ", ".join(each for each in labels if each != label)
        yield (
            f"{node.op} by all but {label}: {_line(node)}",
            parse(f"{node.op} by ({kept}) ({node.expr.prettify()})"),
        )


def _matchings(node: BinaryExpr) -> Iterator[tuple[str, Expr]]:
    matching: LabelModifier | None = node.modifier.matching if node.modifier else None
    if matching is None or matching.type != LabelModifierType.Include:
        return
    for label in matching.labels:
        kept = ", ".join(each for each in matching.labels if each != label)
        text = f"({node.lhs.prettify()}) {node.op} on ({kept}) ({node.rhs.prettify()})"
        yield f"`{node.op}` not on {label}: {_line(node.rhs)}", parse(text)


def _comparisons(node: BinaryExpr) -> Iterator[tuple[str, Expr]]:
    yield f"without `{node.op} {_line(node.rhs)}`: {_line(node.lhs)}", node.lhs
    if isinstance(node.rhs, NumberLiteral):
        step = abs(node.rhs.val) * _NUDGE or 1.0
        for value in (node.rhs.val - step, node.rhs.val + step):
            change = f"`{node.op} {value:g}` in place of {node.rhs.val:g}: {_line(node.lhs)}"
            yield change, parse(f"({node.lhs.prettify()}) {node.op} {value!r}")


def _line(expr: Expr) -> str:
    return " ".join(expr.prettify().split())


def is_noticed(promtool: Path, mutant: Mutant) -> bool:
    """Whether a test of the alert fails on a mutant.

    Args:
        promtool: The program.
        mutant: Of an alert that has a test file.
    """
    test = yaml.safe_load((TESTS / f"{mutant.rule['alert']}.yml").read_text())
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        rules = [*_recorded(), mutant.rule]
        (place / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "mutant", "rules": rules}]}))
        return any(_fails(promtool, place, {**test, "tests": cases}) for cases in _short_ones_first(test))


def _short_ones_first(test: dict[str, Any]) -> list[list[Any]]:
    """Divide the cases of a test: those that last for hours are asked if nothing else has noticed."""
    short: list[Any] = []
    long: list[Any] = []
    for case in test["tests"]:
        last = max(parse_duration(each["eval_time"]) for each in case["alert_rule_test"])
        (long if last > _LONG else short).append(case)
    return [cases for cases in (short, long) if cases]


def _fails(promtool: Path, place: Path, test: dict[str, Any]) -> bool:
    (place / "test.yml").write_text(yaml.safe_dump({**test, "rule_files": ["rules.yml"]}))
    command = [str(promtool), "test", "rules", "test.yml"]
    return subprocess.run(command, cwd=place, capture_output=True, check=False).returncode != 0


def _recorded() -> list[Rule]:
    return [rule for rule in rules() if "record" in rule]


def rules() -> Iterator[Rule]:
    """Yield the rules that are written by hand, as they stand in their files."""
    for file in ("p0", "p1", "p2", "meta"):
        for group in yaml.safe_load((ALERTS / "rules" / f"{file}.yml").read_text())["groups"]:
            yield from group["rules"]


def survivors(promtool: Path, rule: Rule) -> list[Mutant]:
    """Return the mutants of an alert that no test notices, and say how many there are.

    Args:
        promtool: The program.
        rule: The alert.
    """
    if is_noticed(promtool, Mutant("as it is", rule)):
        raise SystemExit(f"the tests of {rule['alert']} fail on the rule as it is: run promtool test rules")
    made = list(mutants(rule))
    with ThreadPoolExecutor(PROCESSES) as pool:
        noticed = list(pool.map(lambda mutant: is_noticed(promtool, mutant), made))
    left = [mutant for mutant, is_seen in zip(made, noticed, strict=True) if not is_seen]
    print(f"{rule['alert']}: {len(made)} mutants, {len(left)} unnoticed", flush=True)
    for mutant in left:
        print(f"    {mutant.change}", flush=True)
    return left


def main() -> int:
    """Mutate the alerts of the command line, and return 1 if a mutant survives."""
    parser = argparse.ArgumentParser(prog="python -m alerts.mutate", description=__doc__)
    parser.add_argument(
        "--priority", default="P0", choices=["P0", "P1", "P2", "META"], help="default: %(default)s"
    )
    parser.add_argument(
        "alerts", nargs="*", metavar="ALERT", help="these alone (default: all of the priority)"
    )
    given = parser.parse_args()
    alerts = {rule["alert"]: rule for rule in rules() if "alert" in rule}
    unknown = set(given.alerts) - alerts.keys()
    if unknown:
        parser.error(f"no alert {', '.join(sorted(unknown))}; there are {', '.join(alerts)}")
    chosen = given.alerts or [n for n, rule in alerts.items() if rule["labels"]["priority"] == given.priority]
    try:
        promtool = build(["prometheus"])["prometheus"] / "promtool"
    except BuildError as error:
        print(error, file=sys.stderr)
        return _USAGE_ERROR
    left = [mutant for name in chosen for mutant in survivors(promtool, alerts[name])]
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
