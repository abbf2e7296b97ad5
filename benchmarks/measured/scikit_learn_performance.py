"""scikit-learn's realized performance of files, the whole windows only, without intervals: PATH ..."""

from __future__ import annotations

import json
import sys
import time

import pandas as pd
from sklearn import metrics


def performance(path: str) -> dict[str, float]:
    """Return each metric by Leeway's name."""
    rows = pd.read_parquet(path, columns=["score", "predicted", "label"])
    label, predicted, score = (rows[name].to_numpy() for name in ("label", "predicted", "score"))
    # One call for three: the fastest way that scikit-learn has.
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        label, predicted, average="macro"
    )
    return {
        "accuracy": float(metrics.accuracy_score(label, predicted)),
        "precision": float(precision),
        "recall": float(recall),
        "f1_score": float(f1),
        "auc_weighted": float(metrics.roc_auc_score(label, score)),
        "average_precision": float(metrics.average_precision_score(label, score)),
        "log_loss": float(metrics.log_loss(label, score)),
        "brier_score": float(metrics.brier_score_loss(label, score)),
    }


if __name__ == "__main__":
    started = time.process_time()
    values = [performance(path) for path in sys.argv[1:]]
    seconds = time.process_time() - started
    print(json.dumps({"work_cpu_seconds": seconds, "values": values}))
