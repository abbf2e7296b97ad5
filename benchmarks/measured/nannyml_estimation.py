"""NannyML's daily CBPE with bands: FOLDER of the reference, FOLDER of production, a file a day each."""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from pathlib import Path

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
warnings.simplefilter("ignore")

import nannyml  # noqa: E402 - the line above is for its import
import pandas as pd  # noqa: E402

METRICS = {
    "accuracy": "accuracy",
    "roc_auc": "auc_weighted",
    "average_precision": "average_precision",
    "precision": "positive_precision",
    "recall": "positive_recall",
    "f1": "positive_f1_score",
    "specificity": "specificity",
}


def read(folder: str) -> pd.DataFrame:
    """Read the file of each day into one frame."""
    return pd.concat([pd.read_parquet(path) for path in sorted(Path(folder).iterdir())])


if __name__ == "__main__":
    started = time.process_time()
    estimator = nannyml.CBPE(
        y_pred_proba="score",
        y_pred="prediction",
        y_true="label",
        timestamp_column_name="time",
        metrics=list(METRICS),
        chunk_period="D",
        problem_type="classification_binary",
    )
    estimator.fit(read(sys.argv[1]).reset_index(drop=True))
    found = estimator.estimate(read(sys.argv[2]).reset_index(drop=True)).filter(period="analysis")
    frame = found.to_df()
    seconds = time.process_time() - started
    values = {
        f"{row[('chunk', 'start_date')]:%Y-%m-%d} {ours}": float(row[(theirs, "value")])
        for _, row in frame.iterrows()
        for theirs, ours in METRICS.items()
    }
    print(json.dumps({"work_cpu_seconds": seconds, "features": len(values), "values": values}))
