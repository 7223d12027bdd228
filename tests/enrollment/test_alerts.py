"""The sample alarms ask for what the service tells, and say what to do."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families as read_metrics

from desk.enrollment.app import build_app
from desk.enrollment.meters import Meters
from desk.enrollment.wire import Request
from tests.enrollment.test_app import Inside
from tests.enrollment.test_unit import UNIT, started_with

FILE = UNIT.with_name("alerts.yml")
PORT = 9443
STATUSES = (200, 400, 401, 410, 429, 500, 503)
# What Prometheus itself adds to each sample, and the series it keeps of each place it asks.
ADDED = {"job", "instance"}
OF_ITS_OWN = {"up": ADDED}

GROUPED = re.compile(r"\bby\s*\(([^)]*)\)")
SELECTED = re.compile(r"([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}")
MATCHED = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
PLACED = re.compile(r"\{\{ *\$labels\.(\w+) *\}\}")
NAMED = re.compile(r"\b[a-zA-Z_:][\w:]*\b(?!\s*\()")
WORDS = {"and", "or", "unless"}


def alarms() -> list[Mapping[str, Any]]:
    (group,) = yaml.safe_load(FILE.read_text(encoding="utf-8"))["groups"]
    return list(group["rules"])


ALARMS = pytest.mark.parametrize("alarm", alarms(), ids=lambda alarm: str(alarm["alert"]))


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, set[str]]]]:
    """The labels of each series and their values, as ``/metrics`` tells them once every
    endpoint has answered."""
    inside = Inside(tmp_path_factory.mktemp("alerts"))
    meters = Meters(inside.service, PORT)
    names = [route.name for route in build_app(inside.service).routes]
    meters.expect(names)
    for name in names:
        for status in STATUSES:
            meters.note(name, status, 0.01)
    scope = {"type": "http", "headers": [], "server": ("127.0.0.1", PORT)}
    told = bytes(asyncio.run(meters.metrics(Request(scope))).body).decode()
    inside.service.close()
    series: dict[str, dict[str, set[str]]] = {name: {} for name in OF_ITS_OWN}
    for family in read_metrics(told):
        for sample in family.samples:
            labels = series.setdefault(sample.name, {})
            for name, value in sample.labels.items():
                labels.setdefault(name, set()).add(value)
    yield series


def named(expression: str) -> set[str]:
    """The series that an expression is about: what is no function, label, value or word."""
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]", "", GROUPED.sub("", expression))
    return set(NAMED.findall(bare)) - WORDS


@ALARMS
def test_alarm_is_about_what_the_service_tells(
    offered: dict[str, dict[str, set[str]]], alarm: Mapping[str, Any]
) -> None:
    """Series, labels, and each of the values that a label is compared with."""
    expression = alarm["expr"]
    about = named(expression)
    assert about
    assert about <= offered.keys()
    for name, matchers in SELECTED.findall(expression):
        known = offered[name]
        for label, sign, value in MATCHED.findall(matchers):
            if label in ADDED:
                continue
            wanted = value.split("|") if sign.endswith("~") else [value]
            for one in wanted:
                assert any(re.fullmatch(one, there) for there in known[label]), (label, one)
    labels = ADDED.union(*(offered[name] for name in about))
    for grouped in GROUPED.findall(expression):
        assert set(re.split(r",\s*", grouped)) <= labels


@ALARMS
def test_alarm_says_what_to_do(alarm: Mapping[str, Any]) -> None:
    """When, how bad, what happened and what helps; naming only labels that it is left with."""
    told, labels = alarm["annotations"], GROUPED.findall(alarm["expr"])
    left = set(re.split(r",\s*", labels[-1])) if labels else {"job", "instance"}

    assert re.fullmatch(r"\d+m", alarm["for"])
    assert alarm["labels"]["severity"] in {"warning", "critical"}
    assert told.keys() == {"summary", "description"}
    assert all(len(words) > 20 and words.rstrip().endswith(".") for words in told.values())
    assert set(PLACED.findall(" ".join(told.values()))) <= left


def test_each_alarm_has_a_name_of_its_own() -> None:
    names = [alarm["alert"] for alarm in alarms()]

    assert len(set(names)) == len(names)


def test_alarms_are_asked_for_where_the_sample_unit_tells() -> None:
    """Port and name of the place stand in the first lines, and each ``up`` is of that name."""
    text = FILE.read_text(encoding="utf-8")
    (job,) = re.findall(r"^# +- job_name: (\S+)$", text, re.MULTILINE)
    (port,) = re.findall(r"^# +- targets: \[\S+:(\d+)\]$", text, re.MULTILINE)
    command = started_with(UNIT.read_text(encoding="utf-8"))

    assert command[command.index("--metrics-port") + 1] == port
    asked = [alarm["expr"] for alarm in alarms() if "up" in named(alarm["expr"])]
    assert asked
    assert all(set(re.findall(r'up\{job="([^"]*)"\}', one)) == {job} for one in asked)
