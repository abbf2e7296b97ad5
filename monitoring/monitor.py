"""Answers for every signal, place and window. The only reader of what users have put in force."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from monitoring.decisions.book import Book, Model
from monitoring.decisions.in_force import DEFAULT, InForce
from monitoring.errors import InputError, MonitoringError
from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.progress import Progress
from monitoring.report import Report
from monitoring.results.store import Results
from monitoring.signal import Findings, Question, Signal
from monitoring.sources.deployed import Deployed
from monitoring.window import Window
from monitoring.workspace.endpoints import Deployment, Endpoint


@dataclass(frozen=True, eq=False)
class Monitor:
    """One workspace: what it has, what is in force in it, and what was measured of it.

    book, results: None where there is no database: then the product's own defaults are in force, and
    nothing is kept. clock: returns now.
    """

    deployed: Deployed
    clock: Callable[[], datetime]
    book: Book | None = None
    results: Results | None = None

    @property
    def workspace(self) -> Place:
        """The whole workspace."""
        return Place(workspace=self.deployed.azure.workspace_id)

    @cached_property
    def _models(self) -> dict[Place, Model]:
        return {}

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return the online endpoints with their deployments.

        Raises:
            SourceError: The workspace does not say.
        """
        endpoints = self.deployed.inventory.endpoints()
        self.note(endpoints)
        return endpoints

    def note(self, endpoints: tuple[Endpoint, ...]) -> None:
        """Remember what each deployment serves: users expect values of it."""
        for deployment in (each for endpoint in endpoints for each in endpoint.deployments):
            if deployment.model is not None:
                served = deployment.model.name, deployment.model.version
                self._models[self.place(deployment)] = served

    def place(self, deployment: Deployment) -> Place:
        """Return the place of a deployment."""
        return Place(
            workspace=self.workspace.workspace,
            endpoint=deployment.endpoint,
            deployment=deployment.name,
        )

    def in_force(self, signal: str, place: Place, revision: int | None = None) -> InForce:
        """Return what a signal is held to at a place; the defaults where that cannot be read.

        place: one that a query returned does not say its workspace, and means this one. revision: of
        the book, for those who ask about many places.
        """
        if self.book is None:
            return DEFAULT
        own = replace(place.whole, workspace=self.workspace.workspace)
        try:
            return self.book.in_force(signal, own, self._models.get(own), revision)
        except MonitoringError:  # a database that does not answer: it is said once, by the app
            return DEFAULT

    def _revision(self) -> int | None:
        try:
            return self.book.revision() if self.book else None
        except MonitoringError:  # as above
            return None

    def question(
        self,
        place: Place,
        window: Window,
        step: timedelta,
        *,
        endpoints: tuple[Endpoint, ...] | None = None,
        progress: Progress | None = None,
    ) -> Question:
        """Return what is asked of a signal, with all that it needs to answer."""
        if endpoints is not None:
            self.note(endpoints)
        revision = self._revision()  # once for a question, whose results may be thousands
        return Question(
            deployed=self.deployed,
            place=place,
            window=window,
            step=step,
            taken=self.clock(),
            endpoints=self.endpoints() if endpoints is None else endpoints,
            in_force=lambda signal, place: self.in_force(signal, place, revision),
            progress=progress,
        )

    def evaluate(
        self, signal: Signal, place: Place, window: Window, progress: Progress | None = None
    ) -> Report[Findings]:
        """Evaluate a signal now, on the coarsest of its steps that a window holds.

        What a signal says of an endpoint only is its deployments' too.

        Raises:
            InputError: No whole step of the signal lies in the window.
            SourceError: Its data cannot be reached.
        """
        for grid in reversed(signal.grids):
            if (whole := grid.aligned(window)) is not None:
                asked = self.workspace if signal.scope == "workspace" else place
                question = self.question(asked, whole, grid.step, progress=progress)
                found = signal.evaluate(question)
                own, steps = _own(found.results, place)
                return Report(
                    signal=signal, place=own, window=whole, steps=steps, taken=question.taken,
                    missing=found.missing, detail=found,
                )  # fmt: skip
        raise InputError(
            f"Cannot evaluate {signal.title.lower()} over {window}: no whole step of"
            f" {signal.grids[0].step} lies in it",
            hint="Choose a longer window.",
        )

    def kept(self, signal: Signal, place: Place, window: Window) -> Report[None]:
        """Return what is kept of a signal at a place, else at its endpoint, over a window.

        Raises:
            SourceError: The database cannot be read.
        """
        results: tuple[MetricResult, ...] = ()
        if self.results is not None:
            places = {place.whole, _above(place.whole)}
            results = self.results.results(window, signals={signal.name}, places=places)
        own, steps = _own(results, place.whole)
        return Report(
            signal=signal, place=own, window=window, steps=steps, taken=self.clock(), detail=None
        )


def _own(results: Iterable[MetricResult], place: Place) -> tuple[Place, tuple[MetricResult, ...]]:
    """Return the results at a place, else at its endpoint, and which of the two it is.

    Those of queries do not say in which workspace they are.
    """
    named = [replace(r, place=replace(r.place, workspace=place.workspace)) for r in results]
    for each in (place, _above(place)):
        if own := tuple(result for result in named if result.place.whole == each):
            return each, own
    return place, ()


def _above(place: Place) -> Place:
    """Return the endpoint of a deployment; any other place itself."""
    return Place(workspace=place.workspace, endpoint=place.endpoint) if place.deployment else place
