"""The models that the sample workspace serves, trained here on the first months."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn import metrics
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_digits
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from sample.builder.plan import TRAINING_END

if TYPE_CHECKING:
    from numpy.typing import NDArray

DELAY_FEATURES = (
    "carrier",
    "origin",
    "dest",
    "hour",
    "weekday",
    "distance",
    "scheduled_minutes",
    "temp",
    "dewp",
    "humid",
    "wind_speed",
    "wind_gust",
    "precip",
    "pressure",
    "visib",
    "seats",
    "plane_age",
    "origin_delay",
    "flights_in_hour",
)
TIME_FEATURES = (
    "carrier",
    "origin",
    "dest",
    "hour",
    "distance",
    "scheduled_minutes",
    "temp",
    "wind_dir",
    "wind_speed",
    "pressure",
    "seats",
    "plane_age",
)
PIXELS = tuple(f"pixel_{n}" for n in range(64))
DIGIT_PROBABILITIES = tuple(f"probability_{n}" for n in range(10))

#: v2 of flight-delay was trained on what followed v1's months, up to six weeks before the end.
RETRAINED_UNTIL = date(2013, 11, 15)
TEST_SHARE = 0.2
#: Share of the scanned digits that the model never sees: production draws from them.
DIGITS_KEPT_FOR_TRAINING = 900


@dataclass(frozen=True)
class Trained:
    """A fitted model version, what it was trained on, and how it did on held-out rows."""

    name: str
    version: str
    task: str
    target: str
    features: tuple[str, ...]
    estimator: Any
    categories: dict[str, tuple[str, ...]]
    training: pd.DataFrame
    scores: dict[str, float]

    def matrix(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        """Encode features; a category not seen in training becomes null, as the model was taught."""
        return _matrix(rows, self.features, self.categories)


def artifact(model: Trained) -> bytes:
    """Return a model as it is registered: a pipeline from the columns of `model_inputs`, for skops."""
    import skops.io  # type: ignore[import-untyped] # noqa: PLC0415 - seconds, only to build

    text = list(model.categories)
    encoder = OrdinalEncoder(
        categories=[list(model.categories[name]) for name in text],
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
    )
    known = [(encoder, text)] if text else []
    numbers = [name for name in model.features if name not in text]
    columns = make_column_transformer(
        *known, ("passthrough", numbers), verbose_feature_names_out=False
    )
    columns.fit(model.training[list(model.features)].astype(dict.fromkeys(text, object)))
    # Both parts are fitted: the pipeline only puts one behind the other.
    return bytes(skops.io.dumps(make_pipeline(columns, model.estimator)))


def flight_delay(flights: pd.DataFrame, version: str) -> Trained:
    """Train one of the two versions of flight-delay: v1 on the first three months, v2 on the rest."""
    days = flights["source_day"]
    if version == "1":
        chosen = days < pd.Timestamp(TRAINING_END)
    else:
        chosen = (days >= pd.Timestamp(TRAINING_END)) & (days < pd.Timestamp(RETRAINED_UNTIL))
    estimator = HistGradientBoostingClassifier(
        max_iter=80,
        learning_rate=0.12,
        max_leaf_nodes=31,
        min_samples_leaf=40,
        l2_regularization=1.0,
        categorical_features=[0, 1, 2],
        early_stopping=False,
        random_state=int(version),
    )
    rows = flights[chosen & flights["was_late"].notna()]
    if version != "1":  # every other row is plenty, and halves the wait
        rows = rows.iloc[::2]
    return _train("flight-delay", version, "was_late", DELAY_FEATURES, rows, estimator)


def flight_time(flights: pd.DataFrame) -> Trained:
    """Train flight-time on the first three months."""
    estimator = HistGradientBoostingRegressor(
        max_iter=100,
        learning_rate=0.15,
        max_leaf_nodes=31,
        min_samples_leaf=30,
        categorical_features=[0, 1, 2],
        early_stopping=False,
        random_state=1,
    )
    early = flights["source_day"] < pd.Timestamp(TRAINING_END)
    rows = flights[early & flights["air_time"].notna()]
    return _train("flight-time", "1", "air_time", TIME_FEATURES, rows, estimator)


def scanned_digits() -> pd.DataFrame:
    """Return scikit-learn's 1,797 scanned digits: 64 pixels of 0 to 16, and the digit."""
    bunch = load_digits()
    frame = pd.DataFrame(bunch.data.astype("int64"), columns=list(PIXELS))
    frame["true_digit"] = bunch.target.astype("int64")
    return frame


def digits(scans: pd.DataFrame) -> Trained:
    """Train digits on the first half of the scans."""
    rows = scans.iloc[:DIGITS_KEPT_FOR_TRAINING]
    estimator = LogisticRegression(max_iter=2000, C=0.01, tol=1e-3)
    return _train("digits", "1", "true_digit", PIXELS, rows, estimator)


def answers(model: Trained, rows: pd.DataFrame) -> pd.DataFrame:
    """Return what the endpoint answers for each row, in the columns of its `model_outputs`."""
    matrix = model.matrix(rows)
    with one_thread():
        if model.task == "regression":
            return pd.DataFrame({"minutes": model.estimator.predict(matrix).round(2)})
        probability = model.estimator.predict_proba(matrix)
    if model.task == "binary_classification":
        late = probability[:, 1]
        return pd.DataFrame(
            {"late": (late >= 0.5).astype("int64"), "probability": late.round(6)}  # noqa: PLR2004 - the usual cut
        )
    frame = pd.DataFrame(probability.round(6), columns=list(DIGIT_PROBABILITIES))
    frame.insert(0, "digit", probability.argmax(axis=1).astype("int64"))
    return frame


def one_thread() -> threadpool_limits:
    """Keep OpenMP to one thread: on a busy machine its threads wait for each other, 13 times longer."""
    return threadpool_limits(limits=1)


def _train(
    name: str,
    version: str,
    target: str,
    features: tuple[str, ...],
    rows: pd.DataFrame,
    estimator: Any,
) -> Trained:
    training = rows[[*features, target]].reset_index(drop=True)
    held_out = np.random.default_rng(0).random(len(training)) < TEST_SHARE
    text = [f for f in features if not pd.api.types.is_numeric_dtype(training[f])]
    categories = {f: tuple(sorted(training[f].unique())) for f in text}
    matrix = _matrix(training, features, categories)
    truth = training[target].to_numpy("float64")
    with one_thread():
        estimator.fit(matrix[~held_out], truth[~held_out])
        scores = _scores(name, estimator, matrix[held_out], truth[held_out])
    whole = truth if name == "flight-time" else truth.astype("int64")
    training = training.assign(**{target: whole})
    return Trained(
        name, version, TASKS[name], target, features, estimator, categories, training, scores
    )


TASKS = {
    "flight-delay": "binary_classification",
    "flight-time": "regression",
    "digits": "multiclass_classification",
}


def _matrix(
    rows: pd.DataFrame, features: tuple[str, ...], categories: dict[str, tuple[str, ...]]
) -> NDArray[np.float64]:
    matrix = np.empty((len(rows), len(features)), dtype=np.float64, order="F")
    for column, feature in enumerate(features):
        if feature in categories:
            codes = pd.Index(categories[feature]).get_indexer(pd.Index(rows[feature]))
            matrix[:, column] = np.where(codes < 0, np.nan, codes)
        else:
            matrix[:, column] = rows[feature].to_numpy("float64")
    return matrix


def _scores(
    name: str, estimator: Any, matrix: NDArray[np.float64], truth: NDArray[np.float64]
) -> dict[str, float]:
    """Return the held-out metrics under the names that Azure ML's own runs log."""
    predicted = estimator.predict(matrix)
    if TASKS[name] == "regression":
        spread = {
            "mean_absolute_error": metrics.mean_absolute_error(truth, predicted),
            "root_mean_squared_error": metrics.root_mean_squared_error(truth, predicted),
            "r2_score": metrics.r2_score(truth, predicted),
        }
        return {key: round(float(value), 4) for key, value in spread.items()}
    probability = estimator.predict_proba(matrix)
    chances = probability[:, 1] if probability.shape[1] == 2 else probability  # noqa: PLR2004 - binary
    scores = {
        "accuracy": metrics.accuracy_score(truth, predicted),
        "AUC_weighted": metrics.roc_auc_score(
            truth, chances, average="weighted", multi_class="ovr"
        ),
        "log_loss": metrics.log_loss(truth, probability),
    }
    return {key: round(float(value), 4) for key, value in scores.items()}


def trained_until(model: Trained, shift: timedelta) -> date:
    """Return the day after the last training row, on the sample's calendar."""
    if model.name == "flight-delay" and model.version != "1":
        return RETRAINED_UNTIL + shift
    return TRAINING_END + shift
