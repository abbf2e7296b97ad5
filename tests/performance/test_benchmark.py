"""The benchmark of realized performance at a size that only shows that it works."""

from __future__ import annotations

import pytest

from benchmarks.parts import performance


@pytest.mark.slow
def test_both_sides_answer_and_agree() -> None:
    values = dict(performance.measure(tiny=True))
    assert values["performance_ours_windows"] == 2 * 61
    assert values["performance_metrics_compared"] == values["performance_ours_metrics"] == 8
    gaps = {name: value for name, value in values.items() if name.startswith("performance_gap_")}
    for name, gap in gaps.items():
        bound = values.get(name.replace("gap", "bound"), 1e-12)
        assert name.endswith("_share_of_interval") or float(gap) <= float(bound)
    assert float(values["performance_work_cpu_ratio_scikit_learn_to_ours"]) > 0
