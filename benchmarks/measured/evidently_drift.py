"""Evidently's DataDriftPreset on two Parquet files: REFERENCE PRODUCTION."""

from __future__ import annotations

import json
import sys
import time

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset


def drift(reference: str, production: str) -> int:
    """Return how many columns got a value."""
    frames = [pd.read_parquet(path) for path in (production, reference)]
    numerical = list(frames[0].select_dtypes("number").columns)
    categorical = [column for column in frames[0].columns if column not in numerical]
    definition = DataDefinition(numerical_columns=numerical, categorical_columns=categorical)
    current, past = (Dataset.from_pandas(frame, definition) for frame in frames)
    answer = Report([DataDriftPreset()]).run(current, past).dict()
    return sum(isinstance(metric["value"], float) for metric in answer["metrics"])


if __name__ == "__main__":
    started = time.process_time()
    features = drift(*sys.argv[1:])
    seconds = time.process_time() - started
    print(json.dumps({"work_cpu_seconds": seconds, "features": features}))
