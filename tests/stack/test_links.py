"""Alertmanager's own template engine renders the links of notifications."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from collector.stack.programs import ALERTS

ALERT = {"alertname": "TradingHighSlippage"}
NOTIFICATION = {
    "receiver": "pagerduty",
    "status": "firing",
    "commonLabels": ALERT,
    "alerts": [
        {
            "status": "firing",
            "labels": ALERT,
            "annotations": {
                "summary": "Fills are expensive",
                "description": "60 bps",
                "dashboard": "trading-operations?var-environment=live",
                "traces": "service=execution-engine&tags=%7B%7D",
            },
        }
    ],
}
SITE = """
{{ define "runbook_url" }}https://wiki.example/runbooks/{{ . }}/{{ end }}
{{ define "dashboard_url" }}https://grafana.example/d/{{ . }}{{ end }}
{{ define "traces_url" }}https://jaeger.example/search?{{ . }}{{ end }}
"""
URLS = {
    "runbook": "https://wiki.example/runbooks/TradingHighSlippage/",
    "dashboard": "https://grafana.example/d/trading-operations?var-environment=live",
    "traces": "https://jaeger.example/search?service=execution-engine&tags=%7B%7D",
}


def rendered(amtool: Path, folder: Path, template: str) -> str:
    data = folder / "notification.json"
    data.write_text(json.dumps(NOTIFICATION), encoding="utf-8")
    command = [str(amtool), "template", "render", f"--template.glob={folder / '*.tmpl'}"]
    command += [f"--template.data={data}", f'--template.text={{{{ template "{template}" . }}}}']
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the shipped templates, to which a test can add the templates of a site."""
    shutil.copy(ALERTS / "notifications/links.tmpl", tmp_path)
    return tmp_path


@pytest.mark.parametrize("template", URLS)
def test_without_a_site_a_link_is_empty(amtool, folder, template):
    assert rendered(amtool, folder, template) == ""


def test_without_a_site_a_mail_has_no_url(amtool, folder):
    text = rendered(amtool, folder, "mail")
    assert text.splitlines() == ["FIRING: Fills are expensive", "60 bps"]


@pytest.mark.parametrize("name", ["a.tmpl", "site.tmpl"])
@pytest.mark.parametrize(("template", "url"), URLS.items(), ids=URLS)
def test_the_templates_of_a_site_put_its_hosts_in_front(amtool, folder, name, template, url):
    (folder / name).write_text(SITE, encoding="utf-8")
    assert rendered(amtool, folder, template) == url
    assert url in rendered(amtool, folder, "mail").splitlines()
