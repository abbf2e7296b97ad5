"""Bins of values as large as numbers get."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring.counting.engine.bins import numerical_bins
from monitoring.counting.profile import intervals

MOST = float(np.finfo(np.float64).max)


@pytest.mark.parametrize(
    "sample",
    [
        [MOST],
        [-MOST, MOST],
        [-MOST, 1.0, 2.5, MOST],
        [0.0, MOST],
        [1e300, 2e300, 3.3e300],
        [1.6e308, 1.7e308, 1.79e308],
        np.linspace(-MOST / 2, MOST / 2, 999),
        np.geomspace(1.0, 1e308, 999),
    ],
)
def test_huge_values_have_cells(sample: list[float]) -> None:
    values = np.sort(np.asarray(sample))
    bins = numerical_bins(values)
    cells = bins.cell(values)
    assert cells[0] >= 0
    assert cells[-1] < bins.cells
    assert (np.diff(cells) >= 0).all()
    ends = intervals(bins)
    for end in (ends.left, ends.right):
        assert (end[1:] >= end[:-1]).all()
