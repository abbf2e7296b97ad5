"""A registered model, opened: what it wants and what it answers; or why it stayed closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from monitoring.arrays import Floats
from monitoring.counting.rows import Rows
from monitoring.errors import SchemaMismatch, SourceError


@dataclass(frozen=True, eq=False)
class RegisteredModel:
    """A model version as it is registered.

    estimator: what was opened; None if it could not be, and then `reason` and `hint` say why.
    importances: by feature, as noted at training; empty if the version carries none.
    """

    name: str
    estimator: Any = None
    reason: str = ""
    hint: str = ""
    importances: Mapping[str, float] = field(default_factory=dict)

    @property
    def features(self) -> tuple[str, ...] | None:
        """The columns that it wants, in order; None if it does not say."""
        names = getattr(self.estimator, "feature_names_in_", None)
        return None if names is None else tuple(str(name) for name in names)

    def predict(self, rows: Rows) -> Floats:
        """Return its output: a number, or probabilities (of the second class for two); shape (rows, outputs).

        Raises:
            SourceError: It could not be opened, or cannot take these rows.
            SchemaMismatch: The rows lack a column that it wants.
        """
        if self.estimator is None:
            raise SourceError(f"Cannot ask the model {self.name!r}: {self.reason}", hint=self.hint)
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # noqa: PLC0415

        frame = self._frame(rows)
        is_classifier = hasattr(self.estimator, "predict_proba")
        try:
            with threadpool_limits(1):  # on a busy machine OpenMP's threads wait for each other
                if not is_classifier:
                    answers = np.asarray(self.estimator.predict(frame), dtype=np.float64)
                    return answers.reshape(len(answers), -1)
                answers = np.asarray(self.estimator.predict_proba(frame), dtype=np.float64)
        except (ValueError, TypeError) as error:
            raise SourceError(
                f"The model {self.name!r} cannot take these rows: {first_line(error)}",
                hint="Compare the columns of the collected data with those of the training data.",
            ) from error
        return answers[:, 1:] if answers.shape[1] == 2 else answers  # noqa: PLR2004 - binary

    def _frame(self, rows: Rows) -> Any:
        import pandas as pd  # noqa: PLC0415 - loaded by now

        wanted = self.features or rows.names
        if missing := [name for name in wanted if name not in rows.columns]:
            raise SchemaMismatch(
                f"Cannot ask the model {self.name!r}: the rows lack {', '.join(missing[:5])}",
                hint="Collect every column that the model is given.",
            )
        known = set(rows.categorical)
        return pd.DataFrame(
            {n: rows.labels(n).texts() if n in known else rows.numbers(n) for n in wanted}
        )


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, for a sentence."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".")[:200]
