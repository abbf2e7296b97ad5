"""fairlearn's MetricFrame of seven metrics by each feature, no bootstrap, and its disparities: PATH."""

from __future__ import annotations

import json
import sys
import time

import pandas as pd
from fairlearn.metrics import (
    MetricFrame,
    demographic_parity_difference,
    demographic_parity_ratio,
    equal_opportunity_difference,
    equalized_odds_difference,
    false_negative_rate,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from sklearn.metrics import accuracy_score, precision_score, zero_one_loss

METRICS = {
    "selection_rate": selection_rate,
    "accuracy": accuracy_score,
    "true_positive_rate": true_positive_rate,
    "false_positive_rate": false_positive_rate,
    "false_negative_rate": false_negative_rate,
    "precision": precision_score,
    "error_rate": zero_one_loss,
}
DISPARITIES = {
    "demographic_parity_difference": demographic_parity_difference,
    "demographic_parity_ratio": demographic_parity_ratio,
    "equal_opportunity_difference": equal_opportunity_difference,
    "equalized_odds_difference": equalized_odds_difference,
}


FEATURES = ("region", "age", "channel")


def values(rows: pd.DataFrame, feature: str) -> dict[str, float]:
    """Return each metric of each group."""
    frame = MetricFrame(
        metrics=METRICS,
        y_true=rows["label"],
        y_pred=rows["prediction"],
        sensitive_features=rows[feature],
    )
    return {
        f"{feature} {name} {group}": float(value)
        for name, column in frame.by_group.items()
        for group, value in column.items()
    }


def disparities(rows: pd.DataFrame, feature: str) -> dict[str, float]:
    """Return each disparity; they are not part of what is timed."""
    sides = {"y_true": rows["label"], "y_pred": rows["prediction"]}
    return {
        f"{feature} {name} All groups": float(measure(**sides, sensitive_features=rows[feature]))
        for name, measure in DISPARITIES.items()
    }


if __name__ == "__main__":
    started = time.process_time()
    rows = pd.read_parquet(sys.argv[1])
    found = {name: value for each in FEATURES for name, value in values(rows, each).items()}
    seconds = time.process_time() - started
    found |= disparities(rows, "region")
    print(json.dumps({"work_cpu_seconds": seconds, "features": len(found), "values": found}))
