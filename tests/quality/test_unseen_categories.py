"""A reference that does not hold every category says how many new ones are no news."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitoring.metric import MetricResult
from monitoring.signals.data_quality.files import compare_files


def checked(one: list[str], two: list[str], folder: Path) -> MetricResult:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    paths = [folder / name for name in ("one.parquet", "two.parquet")]
    for path, values in zip(paths, (one, two), strict=True):
        pq.write_table(pa.table({"x": values}), path)
    results = compare_files(paths[0], paths[1]).results
    (found,) = (r for r in results if r.metric == "new_category_rate")
    return found


@pytest.mark.parametrize("values", [150, 1000, 5000])
def test_values_that_a_sample_has_not_seen_yet_are_no_breach(values: int, tmp_path: Path) -> None:
    random = np.random.default_rng(values)
    one, two = (random.integers(0, values, 1000).astype(str).tolist() for _ in range(2))
    found = checked(one, two, tmp_path)
    assert found.status == "ok", found
    assert found.value is not None
    assert (found.value > 0.01) == (values > 150)


def test_a_new_value_beside_rare_ones_is_a_breach(tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    one, two = (random.integers(0, 1000, 2000).astype(str).tolist() for _ in range(2))
    assert checked(one, [*two[:1800], *["new"] * 200], tmp_path).status == "breached"
