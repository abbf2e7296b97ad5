"""Versions of registered models, and what their tags say they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitoring.counting.totals.outcomes import TASKS, Task
from monitoring.errors import SourceError
from monitoring.workspace.assets import AssetId

#: Tags that say what a model version is; every other numeric tag is a training metric.
MODEL_TAGS = (
    "task",
    "target_column",
    "prediction_column",
    "probability_column",
    "training_data",
    "ground_truth",
)


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version of a registered model, and what its tags say it is."""

    name: str
    version: str
    stage: str
    created: datetime | None
    registry: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> AssetId:
        """Its name, version and place."""
        return AssetId(self.name, self.version, self.registry)

    @property
    def task(self) -> Task | None:
        """What it predicts; None when the tag is missing or not one of TASKS."""
        return self.tags.get("task") if self.tags.get("task") in TASKS else None  # type: ignore[return-value]  # checked

    @property
    def target_column(self) -> str | None:
        """The column of the training data and of the ground truth that it predicts."""
        return self.tags.get("target_column")

    @property
    def prediction_column(self) -> str | None:
        """The column of `model_outputs` with the answer."""
        return self.tags.get("prediction_column")

    @property
    def probability_column(self) -> str | None:
        """The column of `model_outputs` with the score; for a multiclass model, what all begin with."""
        return self.tags.get("probability_column")

    @property
    def training_data(self) -> AssetId | None:
        """The data it was trained on."""
        return self._asset("training_data")

    @property
    def ground_truth(self) -> AssetId | None:
        """Where its labels arrive."""
        return self._asset("ground_truth")

    @property
    def metrics(self) -> Mapping[str, float]:
        """The metrics noted at training, from the tags that are numbers."""
        return {
            name: float(text)
            for name, text in self.tags.items()
            if name not in MODEL_TAGS and _is_number(text)
        }

    def needed(self, tag: str) -> str:
        """Return what one of MODEL_TAGS says.

        Raises:
            SourceError: The model version does not have the tag, or it cannot be used.
        """
        if not (text := self.tags.get(tag)):
            raise SourceError(
                f"The model {str(self.id)!r} does not say its {tag}",
                hint=f"Add the tag {tag} to the model version in Azure ML.",
            )
        if tag == "task" and text not in TASKS:
            raise SourceError(
                f"The model {str(self.id)!r} has the unknown task {text!r}",
                hint=f"Set the tag task to one of {', '.join(TASKS)}.",
            )
        return text

    def _asset(self, tag: str) -> AssetId | None:
        text = self.tags.get(tag)
        return AssetId.parse(text) if text else None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
