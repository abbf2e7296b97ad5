"""The numbers of multivariate drift: their names, units, thresholds and methods."""

from __future__ import annotations

AUC, MAGNITUDE, PCA = "domain_classifier_auc", "drift_magnitude", "pca_reconstruction_error"
LABELS = {
    AUC: "Domain classifier AUC",
    MAGNITUDE: "Drift magnitude (MCC)",
    PCA: "PCA reconstruction error",
}
THRESHOLDS = {AUC: 0.65, MAGNITUDE: 0.6}
UNITS = {AUC: "area under the curve", MAGNITUDE: "correlation", PCA: "standard deviations"}
METHODS = {
    AUC: "gradient-boosted trees, 5 folds of consecutive rows, scores pooled; interval by DeLong,"
    " widened by 1.5 for shared training rows (Nadeau and Bengio); threshold 0.65 as NannyML's: above"
    " it two of three pairs are told apart; it must also exceed what parts of the reference reach",
    MAGNITUDE: "Matthews correlation on the half of the rows not trained on, halves alternating by"
    " tenths; Azure ML's v1 had no default threshold, 0.6 is the example of its documentation",
    PCA: "impute, count-encode, standardise, keep 65 % of the variance of the reference (NannyML);"
    " threshold is mean plus or minus 3 standard deviations over 10 chunks of the reference",
}
