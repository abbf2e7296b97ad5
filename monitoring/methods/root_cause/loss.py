"""Losses: what a metric of performance is the mean of, row by row, so that its change adds up."""

from __future__ import annotations

from dataclasses import dataclass

from monitoring.counting.totals.outcomes import LossName, Task


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss of one row. More is worse, but for the signed error, where both directions are.

    label: of its mean. is_share: whether the mean is shown in percent. of: which rows have it.
    """

    name: LossName
    label: str
    is_share: bool
    of: str = "labelled predictions"

    def text(self, value: float, *, sign: bool = False) -> str:
        """Return a mean, or with `sign` a change of it, as it is read.

        >>> LOSSES["error"].text(0.1931), LOSSES["error"].text(0.0123, sign=True)
        ('19.3 %', '+1.23 points')
        >>> LOSSES["absolute_error"].text(12.345)
        '12.3'
        """
        plus = "+" if sign and value >= 0 else ""
        if not self.is_share:
            return f"{plus}{value:.3g}"
        return f"{plus}{value * 100:.2f} points" if sign else f"{value:.1%}".replace("%", " %")


LOSSES: dict[LossName, Loss] = {
    each.name: each
    for each in (
        Loss("error", "Error rate", is_share=True),
        Loss("missed", "Missed share", is_share=True, of="rows of the positive class"),
        Loss("false_alarm", "False share", is_share=True, of="rows predicted positive"),
        Loss("log_loss", "Log loss", is_share=False),
        Loss("brier_score", "Brier score", is_share=False),
        Loss("absolute_error", "Mean absolute error", is_share=False),
        Loss("squared_error", "Mean squared error", is_share=False),
        Loss("signed_error", "Mean error", is_share=False),
        Loss("absolute_percentage_error", "Mean absolute percentage error", is_share=True),
    )
}

#: Metric -> loss that it is the mean of; for a binary task also recall and precision.
MEAN_OF: dict[str, LossName] = {
    "accuracy": "error",
    "log_loss": "log_loss",
    "brier_score": "brier_score",
    "mean_absolute_error": "absolute_error",
    "mean_squared_error": "squared_error",
    "bias": "signed_error",
    "mean_absolute_percentage_error": "absolute_percentage_error",
}
BINARY_MEAN_OF: dict[str, LossName] = {"recall": "missed", "precision": "false_alarm"}
#: The loss that stands for a metric that is no mean over rows.
STANDS_FOR: dict[str, LossName] = {
    "root_mean_squared_error": "squared_error",
    "r2_score": "squared_error",
    "expected_calibration_error": "brier_score",
    "auc_weighted": "log_loss",
    "average_precision": "log_loss",
}
USUAL: dict[Task, LossName] = {
    "binary_classification": "error",
    "multiclass_classification": "error",
    "regression": "absolute_error",
}


def loss_for(metric: str, task: Task, *, has_scores: bool = True) -> tuple[Loss, str]:
    """Return the loss that a metric is the mean of, and a sentence where another stands for it.

    >>> loss_for("accuracy", "binary_classification")[0].label
    'Error rate'
    >>> loss_for("f1_score", "binary_classification")[1]
    'f1_score is no mean over rows, so that its change cannot be added up; this looks at the error rate instead.'
    """
    exact = MEAN_OF | (BINARY_MEAN_OF if task == "binary_classification" else {})
    name = exact.get(metric) or STANDS_FOR.get(metric) or USUAL[task]
    if name in {"log_loss", "brier_score"} and not has_scores:
        name = USUAL[task]
    loss = LOSSES[name]
    if exact.get(metric) == name:
        return loss, ""
    return loss, (
        f"{metric} is no mean over rows, so that its change cannot be added up; this looks at the "
        f"{loss.label.lower()} instead."
    )
