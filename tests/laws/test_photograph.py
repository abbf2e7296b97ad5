"""Every judged number, incident and lane of the sample workspace, held against a photograph."""

from __future__ import annotations

import difflib

import pytest

from monitoring.sources.azure import Azure
from monitoring.sources.deployed import Deployed
from tests import photograph
from tests.evaluated_now import evaluated

#: A difference longer than this says no more than its beginning.
MOST_LINES = 40


@pytest.fixture(scope="module")
def taken(azure: Azure) -> dict[str, str]:
    return photograph.take(evaluated(Deployed(azure), photograph.WINDOW, taken=photograph.NOW))


def _kept() -> dict[str, str]:
    files = sorted(photograph.FOLDER.rglob("*.txt"))
    return {str(f.relative_to(photograph.FOLDER)): f.read_text("utf-8") for f in files}


@pytest.mark.slow(seconds=80)
def test_no_number_incident_or_lane_has_changed(taken: dict[str, str]) -> None:
    kept = _kept()
    assert sorted(taken) == sorted(kept)
    different = [
        line
        for name in kept
        for line in difflib.unified_diff(
            kept[name].splitlines(), taken[name].splitlines(), name, name, lineterm="", n=0
        )
    ]
    shown = "\n".join(different[:MOST_LINES])
    assert not different, f"`python -m tests.photograph` takes it anew:\n{shown}"


def test_it_would_show_one_changed_step(taken: dict[str, str]) -> None:
    changed = taken["results/traffic.txt"].replace("/30 ", "/31 ", 1)
    assert changed != _kept()["results/traffic.txt"]
