"""All that users have put in force in a workspace, read once for each change of it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, select

from monitoring.database.database import Database
from monitoring.database.tables import ChangeRow
from monitoring.decisions.baselines import Baselines
from monitoring.decisions.benchmarks import Benchmarks
from monitoring.decisions.in_force import DEFAULT, InForce
from monitoring.decisions.threshold_sets import ThresholdSets
from monitoring.place import Place

#: Where an answer depends on the model that is served too: name and version.
Model = tuple[str, str]
Asked = tuple[str, Place, Model | None]


@dataclass(frozen=True, slots=True)
class _Page:
    """What was in force at a revision, by what was asked."""

    revision: int
    answers: dict[Asked, InForce] = field(default_factory=dict)


class Book:
    """What is in force for every signal and place of a workspace."""

    def __init__(self, database: Database, workspace: str) -> None:
        self._database = database
        self._workspace = workspace
        self._page = _Page(-1)
        self._guard = threading.Lock()

    def revision(self) -> int:
        """Return a number that goes up with every decision.

        Raises:
            SourceError: The database cannot be read.
        """
        newest = select(func.max(ChangeRow.id)).where(ChangeRow.workspace == self._workspace)
        with self._database.reading() as session:
            return session.scalar(newest) or 0

    def in_force(
        self, signal: str, place: Place, model: Model | None = None, revision: int | None = None
    ) -> InForce:
        """Return what a signal is held to at a place; the defaults where nobody has decided.

        Args:
            place: Thresholds are those of the nearest place around it that has any: of the deployment,
                of its endpoint, of the workspace.
            model: Name and version of what it serves, of which users may expect values.
            revision: What `revision` has just returned, for those who ask about many.

        Raises:
            SourceError: The database cannot be read.
        """
        revision = self.revision() if revision is None else revision
        with self._guard:
            if self._page.revision != revision:
                self._page = _Page(revision)
            page = self._page
        key = signal, place, model
        if key not in page.answers:
            page.answers[key] = self._read(signal, place, model) if revision else DEFAULT
        return page.answers[key]

    def _read(self, signal: str, place: Place, model: Model | None) -> InForce:
        sets = ThresholdSets(self._database, self._workspace)
        nearest = filter(None, (sets.active(each, signal) for each in place.around))
        return InForce(
            baseline=Baselines(self._database).active(place, signal),
            thresholds=next((each.thresholds for each in nearest), {}),
            expected=self._expected(model) if model else {},
        )

    def _expected(self, model: Model) -> Mapping[str, float]:
        values = Benchmarks(self._database, self._workspace).of(*model)
        return {each.metric: each.value for each in values if each.value is not None}
