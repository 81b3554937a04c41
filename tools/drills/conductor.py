"""Conductor: runs the rounds one after another, and the drills of a round at the same time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tools.drills.drill import Drill, Result, Scene, perform
from tools.drills.receiver import Notice
from tools.drills.stage import is_aftermath, is_constant, until_quiet

_SETTLING = 300.0


@dataclass(frozen=True)
class Record:
    """The results of some rounds.

    Attributes:
        results: One result for each drill.
        noise: The notifications of alerts that no drill expected.
        seconds: The duration of all rounds.
    """

    results: list[Result]
    noise: list[Notice]
    seconds: float


def conduct(scene: Scene, rounds: Sequence[Sequence[Drill]]) -> Record:
    """Run the rounds.

    Args:
        scene: The stage that the drills run on.
        rounds: The drills of each round. A round begins after the alerts of the previous one resolved.
    """
    began, results = time.time(), []
    for drills in rounds:
        results += _round(drills, scene)
        until_quiet(scene, _SETTLING)
    expected = {result.drill.alert for result in results}
    noise = [
        notice
        for notice in scene.receiver.notices
        if notice.at >= began and notice.status == "firing" and notice.receiver != "nobody"
        if notice.alert not in expected
        if not is_constant(notice.labels) and not is_aftermath(notice.labels)
    ]
    return Record(results, noise, time.time() - began)


def _round(drills: Sequence[Drill], scene: Scene) -> list[Result]:
    with ThreadPoolExecutor(len(drills)) as threads:
        running = [threads.submit(perform, drill, scene) for drill in drills]
        return [result for future in running for result in future.result()]
