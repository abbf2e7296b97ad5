"""What the field's short words mean, for tooltips."""

from __future__ import annotations

#: Term -> one or two sentences. Written as Markdown by us; nothing from outside may enter.
GLOSSARY = {
    "BH": "Benjamini-Hochberg: p-values adjusted for many features tested at once, so that false "
    "alarms stay a fixed small share of all alarms.",
    "p-value": "How often chance alone would give a difference at least as large.",
    "noise floor": "What 95 of 100 comparisons of two samples of this size stay below when "
    "nothing has changed.",
    "interval": "95 % confidence interval: the range of values that the data are compatible with.",
    "threshold": "The value beyond which a metric counts as breached.",
    "reference": "The data that production is compared with, usually what the model was trained on.",
    "baseline": "A named reference: which rows production is compared with. Exactly one is in force "
    "for each deployment and signal, and who put it there is kept.",
    "back-test": "Past days judged again under another rule, to see what would have been different.",
    "production": "The data that the deployed model was asked about in the chosen window.",
    "null rate": "The share of rows without a value: null or not a number.",
    "type error rate": "The share of values that are of another type than in the training data, such "
    "as text for a number.",
    "out of bounds rate": "The share of values below the least or above the greatest of the reference.",
    "new category rate": "The share of values that are of a category the reference never had.",
    "vanished category rate": "How much of the reference belongs to categories that no longer occur, "
    "where chance does not explain it.",
    "constant column": "A column that varied in the reference and has one single value now.",
    "schema change": "A column that is missing, new, or of another type than in the reference.",
    "rows as a whole": "What concerns no single column: volume, repeated rows and ids, lines that "
    "could not be read, inputs and predictions that do not match.",
    "collection fault": "Something wrong with what the model data collector wrote. All other rows are "
    "used as they are.",
    "open breach": "Breached on two of the last three days that could be judged.",
    "incident": "Breaches of one deployment, endpoint or cluster that began together, with what "
    "happened there meanwhile. It fired when the first of them was certain.",
    "suspect": "Something that changed just before or while an incident began. It coincides; nothing "
    "here proves a cause.",
    "severity": "How much an incident matters, from the signal and the share of requests it touched: "
    "critical from a quarter of the requests failing, high from a twentieth.",
    "data drift": "The incoming data look different from the reference. A suspect, not a verdict: "
    "the model may still answer well.",
    "prediction drift": "The model's answers are distributed differently from before.",
    "realized performance": "Measured on predictions whose true outcome (label) has arrived.",
    "estimated performance": "Expected from the model's own scores or a model of its errors, "
    "without labels. It cannot see the relation between inputs and outcome change.",
    "assumption": "What must be true for an estimate without labels to be right. If one fails, the "
    "number is withheld.",
    "label coverage": "Share of predictions whose label has arrived. Labels come late; early ones "
    "need not be typical.",
    "benchmark": "What the model is held to: its value in training as registered, or one set here.",
    "accuracy": "Share of predictions that were right.",
    "balanced_accuracy": "Accuracy of each class, averaged, so that rare classes count as much.",
    "precision": "Of the rows predicted to be of a class, the share that were; averaged over classes.",
    "recall": "Of the rows that were of a class, the share that was found; averaged over classes.",
    "f1_score": "Harmonic mean of precision and recall; averaged over classes.",
    "AUC": "How often a row of the class scores above a row outside it: 0.5 is chance, 1 perfect.",
    "average_precision": "Precision averaged over all thresholds, weighted by the recall gained; "
    "chance is the share of the class.",
    "log_loss": "How surprised the scores are by what happened: 0 is perfect, punishes certainty "
    "that was wrong.",
    "brier_score": "Mean squared distance between score and outcome, 0 to 1; lower is better.",
    "expected_calibration_error": "How far scores lie, on average, from how often they came true.",
    "mean_absolute_error": "Average distance between prediction and outcome, in the outcome's unit.",
    "mean_squared_error": "Average squared distance; large errors weigh more.",
    "root_mean_squared_error": "Square root of the mean squared error, in the outcome's unit.",
    "r2_score": "Share of the outcome's variance that the predictions explain; 1 is perfect, 0 is "
    "no better than the mean.",
    "mean_absolute_percentage_error": "Average distance as a share of the outcome; rows whose "
    "outcome is 0 are left out.",
    "weighted_absolute_percentage_error": "Sum of all distances over the sum of all outcomes.",
    "bias": "Average of prediction minus outcome: above 0 the model predicts too much.",
    "confusion matrix": "Rows by what was true (down) and what was predicted (across).",
    "ROC": "Share of the class found against share of the others wrongly taken for it, over all "
    "thresholds.",
    "precision-recall": "How precision falls as more of the class is found, over all thresholds.",
    "calibration": "Whether rows scored 0.7 come true in 7 of 10 cases.",
    "residual": "Prediction minus outcome.",
    "segment": "The part of the rows that meets some conditions on features.",
    "close call": "A prediction whose score lies within 0.1 of the threshold; of more than two classes, "
    "whose two most probable classes lie within 0.1 of each other.",
    "confidence": "The probability of the class that was found most probable.",
    "class mix": "How often each class was answered, as shares of a day's predictions.",
    "label drift": "The truth that comes back is distributed differently from before.",
    "pooled": "Partially pooled: a group's value drawn towards the mean of all groups, as far as chance "
    "explains its distance. The smaller the group, the further.",
    "disparity": "How far apart all groups that are large enough lie, in one number.",
    "mix": "Part of a change that goes with other rows having come, at the relation of before.",
    "relation": "Part of a change among like rows: the same features, another outcome than before.",
    "counterpart": "Rows of the reference period that are like a row of the window. Where there are "
    "none, nothing can be said of the row.",
    "impact": "Share of the window's rows in a segment, times how much its mean loss changed.",
    "root cause": "What a change goes with, by comparison of two periods. It coincides; only an "
    "experiment proves a cause.",
    "domain classifier": "A model that learns to tell rows of production from rows of the reference. "
    "AUC 0.5: it cannot, nothing has changed; 1: it always can.",
    "drift magnitude": "How well the same kind of model sorts the half of the rows that it has not "
    "seen, as Matthews correlation: 0 not at all, 1 perfectly. Azure ML's dataset monitors showed it "
    "until 2025.",
    "PCA reconstruction error": "How far rows lie from the plane that most of the reference lies in. "
    "It moves when features stop going together as they did.",
    "training range": "From the least to the greatest value of all training rows; for a category, "
    "those that training had.",
    "isolation forest": "Random cuts through the data: a row that few cuts set apart is unlike the "
    "others.",
    "feature attribution drift": "The model relies on other features than it did for the reference.",
    "permutation importance": "How much the model's answer changes on average when a feature's values "
    "are shuffled among the rows. It needs no labels.",
    "NDCG": "Normalized discounted cumulative gain: how much of the importance that features had for "
    "the reference still comes first in production. 1 is the same order.",
    "version verdict": "Second against first on the metric that you chose. A side is called better only "
    "if the 95 % interval of the difference leaves out 0, also among like rows of the same day.",
    "common days": "Days on which both have labels. Other days are left out: a deployment that served "
    "an easier week would look better.",
    "difference": "Second less first. Its interval says how much of it chance alone may have made.",
    "traffic split": "Share of the endpoint's requests that each deployment answers.",
    "shadow": "A copy of live requests is sent to a new deployment too (mirrored traffic); callers see "
    "only the old one's answers, so that both can be compared on the same requests.",
    "query budget": "Log Analytics runs five queries at a time for one identity, and this app is one. "
    "Equal queries are sent once, and answers are kept for as long as their window is old.",
    "training data versions": "The data that each model version was trained on, each column compared "
    "between any two versions by the same metrics as drift.",
    "blame": "Who has to act on a response code: the caller (401, 403), whoever runs the endpoint (404), "
    "capacity (429), the model (408, 424) or Azure itself (500).",
    "error rate": "The share of requests that failed through no fault of the caller: by the model, for "
    "want of capacity, by the platform, or because no deployment answered.",
    "P95": "95th percentile: 95 of 100 requests were answered at least as fast.",
    "data collection": "Whether the model data collector's records of inputs and outputs arrive. "
    "Without them nothing is known of the data, and no verdict is given.",
}


def explain(term: str) -> str:
    """Return the tooltip of a term.

    >>> explain("residual")
    'Prediction minus outcome.'
    """
    return GLOSSARY[term]
