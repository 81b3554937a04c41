"""Alerts: removes or changes one clause of an alert rule at a time, and runs the unit tests of the alert."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import yaml
from promql_parser import parse_duration

from collector.stack.build import BuildError, build
from tools.mutate.engine import Mutant, Verdict, exit_code, judge, judge_all
from tools.mutate.rules import ChangedRule, Rule, mutants

ALERTS: Final = Path(__file__).parents[2] / "alerts"
_LONG: Final = timedelta(minutes=30)
_USAGE_ERROR: Final = 2


def rules() -> Iterator[Rule]:
    """Yield the hand-written rules in the structure of their files."""
    for file in ("p0", "p1", "p2", "meta"):
        for group in yaml.safe_load((ALERTS / "rules" / f"{file}.yml").read_text())["groups"]:
            yield from group["rules"]


def _recorded() -> list[Rule]:
    return [rule for rule in rules() if "record" in rule]


def _make(rule: Rule, test: dict[str, Any], parts: list[list[Any]], folder: Path) -> Path:
    # The recording rules must be evaluated before the alert, which may read their series in the same cycle.
    groups = [{"name": "mutant", "rules": [*_recorded(), rule]}]
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": groups}))
    for number, cases in enumerate(parts):
        part = {**test, "rule_files": ["rules.yml"], "tests": cases}
        (folder / f"test{number}.yml").write_text(yaml.safe_dump(part))
    return folder


def _short_ones_first(test: dict[str, Any]) -> list[list[Any]]:
    """Divide the cases of a test: cases of several hours run only if no short case notices the mutant."""
    short: list[Any] = []
    long: list[Any] = []
    for case in test["tests"]:
        last = max(parse_duration(each["eval_time"]) for each in case["alert_rule_test"])
        (long if last > _LONG else short).append(case)
    return [cases for cases in (short, long) if cases]


def _mutant(promtool: Path, changed: ChangedRule) -> Mutant:
    test = yaml.safe_load((ALERTS / "tests" / f"{changed.rule['alert']}.yml").read_text())
    parts = _short_ones_first(test)
    return Mutant(
        name=changed.change,
        make=partial(_make, changed.rule, test, parts),
        commands=[[str(promtool), "test", "rules", f"test{number}.yml"] for number in range(len(parts))],
    )


def _judge(promtool: Path, rule: Rule) -> list[Verdict]:
    """Judge the mutants of an alert, and print those that no test notices."""
    if judge(_mutant(promtool, ChangedRule("unchanged", rule))).is_noticed:
        raise SystemExit(f"the tests of {rule['alert']} fail on the unchanged rule: run promtool test rules")
    made = [_mutant(promtool, changed) for changed in mutants(rule)]
    verdicts = judge_all(made, lambda _: None)
    unnoticed = [verdict.mutant.name for verdict in verdicts if not verdict.is_noticed]
    print(f"{rule['alert']}: {len(verdicts)} mutants, {len(unnoticed)} unnoticed", flush=True)
    for name in unnoticed:
        print(f"    {name}", flush=True)
    return verdicts


def main(arguments: Sequence[str]) -> int:
    """Mutate the chosen alerts.

    Args:
        arguments: The arguments of the command line.

    Returns:
        The exit code: 1 if no test noticed a mutant, 2 if promtool cannot be built.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.mutate alerts", description=__doc__)
    parser.add_argument(
        "--priority", default="P0", choices=["P0", "P1", "P2", "META"], help="default: %(default)s"
    )
    parser.add_argument("alerts", nargs="*", metavar="ALERT", help="default: all alerts of the priority")
    given = parser.parse_args(arguments)
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
    return exit_code([verdict for name in chosen for verdict in _judge(promtool, alerts[name])])
