"""Links of notifications: rules carry no host, and only the templates of a site put one in front."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ALERTS = Path(__file__).parents[3] / "alerts"
TEMPLATES = (ALERTS / "notifications/links.tmpl").read_text(encoding="utf-8")
CONFIGURATION = yaml.safe_load((ALERTS / "alertmanager.yml").read_text(encoding="utf-8"))
URLS = ("runbook_url", "dashboard_url", "traces_url")


def receiver(name: str) -> dict[str, Any]:
    (found,) = (each for each in CONFIGURATION["receivers"] if each["name"] == name)
    (settings,) = found[f"{name}_configs"]
    return settings


def defined() -> dict[str, str]:
    """Return the bodies of the shipped templates by their names, without the comment on top."""
    _, code = TEMPLATES.split("*/}}")
    return dict(
        re.findall(r'\{\{ define "(\w+)" \}\}(.*?)\{\{ end \}\}(?=\n\n|\n\{\{ define|\n$)', code, re.DOTALL)
    )


@pytest.mark.parametrize("path", sorted((ALERTS / "rules").glob("*.yml")), ids=lambda path: path.stem)
def test_a_rule_file_names_no_host(path):
    assert "://" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", URLS)
def test_the_shipped_urls_are_empty(name):
    assert defined()[name] == ""


def test_the_comment_shows_a_definition_of_every_url():
    comment, _ = TEMPLATES.split("*/}}")
    assert tuple(re.findall(r'^    \{\{ define "(\w+)" \}\}https://', comment, re.MULTILINE)) == URLS


def test_every_link_of_a_notification_comes_from_a_template():
    links = {link["text"]: link["href"] for link in receiver("pagerduty")["links"]}
    assert links == {
        "Runbook": '{{ template "runbook" . }}',
        "Dashboard": '{{ template "dashboard" . }}',
        "Traces": '{{ template "traces" . }}',
    }
    assert receiver("slack")["title_link"] == links["Runbook"]
    assert [link for link in links.values() if link not in defined()["mail"]] == []


def test_alertmanager_loads_the_templates_and_the_receivers_use_defined_ones():
    (pattern,) = CONFIGURATION["templates"]
    assert [path.name for path in ALERTS.glob(pattern)] == ["links.tmpl"]
    used = set(re.findall(r'template "(\w+)"', str(CONFIGURATION["receivers"]) + TEMPLATES))
    assert used <= defined().keys()


def test_a_link_is_made_from_the_name_of_the_alert_and_its_annotations():
    assert defined()["runbook"] == '{{ template "runbook_url" .CommonLabels.alertname }}'
    for name in ("dashboard", "traces"):
        body = defined()[name]
        assert f"(index .Alerts 0).Annotations.{name} " in body
        assert f'{{{{ template "{name}_url" . }}}}' in body


def test_the_containers_see_the_templates_where_the_configuration_looks_for_them():
    compose = yaml.safe_load((ALERTS.parent / "collector/compose.yaml").read_text(encoding="utf-8"))
    volumes = compose["services"]["alertmanager"]["volumes"]
    assert "../alerts/notifications:/etc/alertmanager/notifications:ro" in volumes
