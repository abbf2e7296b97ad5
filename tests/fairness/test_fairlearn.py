"""Our numbers are fairlearn's: a small table of its results, frozen; `make bench` runs it live."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitoring.counting.engine.tables import write_table
from monitoring.counting.totals.groups import Cut, Grouping
from monitoring.counting.totals.outcomes import Columns
from monitoring.signals.fairness import group_counts
from monitoring.signals.fairness import report as fairness
from monitoring.sources.deployed import PredictedDays
from monitoring.window import Window

KNOWN = json.loads((Path(__file__).parents[1] / "data" / "fairlearn_groups.json").read_text())
DAY = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    columns = {
        "group": list(KNOWN["group"]),
        "prediction": [int(value) for value in KNOWN["prediction"]],
        "label": [int(value) for value in KNOWN["label"]],
    }
    table = write_table(columns, tmp_path_factory.mktemp("rows") / "rows.parquet")
    days = PredictedDays(
        {DAY.date(): table}, Columns("binary_classification", "prediction", "label")
    )
    grouping = Grouping((Cut("group", values=tuple("abcd")),))
    counted = group_counts.count_each(days, [grouping])[0]
    rule = fairness.Rule(least_rows=1)  # fairlearn knows no least size
    report = fairness.judge(counted, Window.day(DAY.date()), rule)
    return {f"group {r.metric} {r.subject.removeprefix('group ')}": r.value for r in report.results}


@pytest.mark.parametrize("name", KNOWN["expected"])
def test_each_value_is_fairlearns(name: str, ours: dict[str, float]) -> None:
    assert ours[name] == pytest.approx(KNOWN["expected"][name], rel=1e-12)
