"""Write predictions with labels and three features of three groups each: PATH ROWS."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SEED = 2013
ROW_GROUP_ROWS = 122_880
GROUPS = {
    "region": ("north", "south", "west"),
    "age": ("old", "younger", "youngest"),
    "channel": ("app", "desk", "phone"),
}
SHARES = (0.6, 0.3, 0.1)
THRESHOLD = 0.35


def rows(number: int) -> pa.Table:
    """Return scores that are calibrated, but higher in the south."""
    random = np.random.default_rng(SEED)
    codes = {name: random.choice(3, number, p=SHARES).astype(np.int32) for name in GROUPS}
    score = np.round(random.beta(2 + (codes["region"] == 1), 5, number), 6)
    features = {
        name: pa.DictionaryArray.from_arrays(pa.array(code), pa.array(GROUPS[name]))
        for name, code in codes.items()
    }
    return pa.table(
        {
            **{name: feature.cast(pa.string()) for name, feature in features.items()},
            "prediction": (score >= THRESHOLD).astype(np.int64),
            "probability": score,
            "label": (random.random(number) < score).astype(np.int64),
        }
    )


if __name__ == "__main__":
    path = Path(sys.argv[1])
    part = path.with_suffix(".part")
    pq.write_table(rows(int(sys.argv[2])), part, row_group_size=ROW_GROUP_ROWS)
    part.rename(path)
