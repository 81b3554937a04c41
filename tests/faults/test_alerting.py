"""The shipped configuration of Alertmanager (entries 7 and 63 to 70) notifies people, and acts on no alert."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ALERTMANAGER = yaml.safe_load(
    (Path(__file__).parents[2] / "alerts/alertmanager.yml").read_text(encoding="utf-8")
)


@pytest.mark.fault(7)
def test_an_alert_without_an_environment_is_routed_like_one_of_real_money() -> None:
    """A service whose environment was forgotten may trade real money."""
    (environments,) = [
        route["matchers"][0].partition("=~")[2].strip(' "').split("|")
        for route in ALERTMANAGER["route"]["routes"]
        if "deployment_environment_name" in route["matchers"][0]
    ]
    assert environments == ["live", "production", ""]
    assert ALERTMANAGER["route"]["receiver"] == "nobody"


@pytest.mark.fault(63, 64, 65, 66, 67, 68, 69, 70)
def test_no_receiver_that_is_shipped_acts_on_an_alert() -> None:
    receivers = {receiver.pop("name"): receiver for receiver in ALERTMANAGER["receivers"]}
    assert receivers["remediation"] == {}
    assert [name for name, receiver in receivers.items() if "webhook_configs" in receiver] == ["deadman"]
