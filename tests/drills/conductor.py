"""Conductor: runs rounds of drills, one after another, and what overlaps within a round at once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.drills.drill import Drill, Result, Scene, perform
from tests.drills.receiver import Notice
from tests.drills.stage import is_aftermath, is_constant, until_quiet

_SETTLING = 300.0


@dataclass(frozen=True)
class Record:
    """What came of some rounds.

    Attributes:
        results: One for each drill.
        noise: Whatever else somebody was told of.
        seconds: How long it all took.
    """

    results: list[Result]
    noise: list[Notice]
    seconds: float


def conduct(scene: Scene, rounds: Sequence[Sequence[Drill]]) -> Record:
    """Run the rounds.

    Args:
        scene: Where.
        rounds: Each begins when the one before is over and nothing of it fires any more.
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
