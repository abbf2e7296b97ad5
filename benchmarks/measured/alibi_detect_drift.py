"""alibi-detect's TabularDrift (Kolmogorov-Smirnov, chi-squared) on two files: REFERENCE PRODUCTION."""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pandas as pd
from alibi_detect.cd import TabularDrift


def numbers(
    reference: pd.DataFrame, production: pd.DataFrame
) -> tuple[list[np.ndarray], list[int]]:
    """Return both as arrays of numbers, as alibi-detect wants them, and which columns are codes.

    It takes neither texts nor nulls: texts become shared codes, nulls become 0.
    """
    texts = [i for i, dtype in enumerate(reference.dtypes) if dtype.kind == "O"]
    # Column by column in memory, four times faster for alibi-detect than row by row.
    arrays = [np.zeros(frame.shape, order="F") for frame in (reference, production)]
    for i, column in enumerate(reference.columns):
        sides = reference[column], production[column]
        if i in texts:
            codes, _ = pd.factorize(pd.concat(sides, ignore_index=True))
            arrays[0][:, i], arrays[1][:, i] = codes[: len(sides[0])], codes[len(sides[0]) :]
        else:
            for array, side in zip(arrays, sides, strict=True):
                array[:, i] = np.nan_to_num(side.to_numpy(), copy=False)
    return arrays, texts


def drift(reference: str, production: str) -> int:
    """Return how many columns got a value."""
    arrays, texts = numbers(pd.read_parquet(reference), pd.read_parquet(production))
    detector = TabularDrift(arrays[0], categories_per_feature=dict.fromkeys(texts))
    answer = detector.predict(arrays[1])
    return int(np.isfinite(answer["data"]["p_val"]).sum())


if __name__ == "__main__":
    started = time.process_time()
    features = drift(*sys.argv[1:])
    seconds = time.process_time() - started
    print(json.dumps({"work_cpu_seconds": seconds, "features": features}))
