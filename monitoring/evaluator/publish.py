"""What a round has changed is told: states of places for the screens, and incidents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitoring.incidents.record import Recorder
from monitoring.metric import MetricResult
from monitoring.monitor import Monitor
from monitoring.overview import state
from monitoring.overview.state import PlaceState
from monitoring.place import Place
from monitoring.report import Headline, headline
from monitoring.results.evaluation import Touch
from monitoring.results.snapshots import Snapshots
from monitoring.results.store import Results
from monitoring.signal import Signal
from monitoring.signals import SIGNALS
from monitoring.window import DAY, Window
from monitoring.workspace.endpoints import Deployment, Endpoint

#: How far back a headline reads steps of days and shorter ones: a week and what a trend needs.
DAYS, HOURS, MINUTES = 35 * DAY, 8 * DAY, 2 * DAY
#: A breach that lasted when these began is looked for from here on.
FARTHEST = 90 * DAY
HOUR = timedelta(hours=1)


@dataclass(eq=False)
class Publisher:
    """Keeps the states of touched places and records their incidents."""

    monitor: Monitor
    results: Results
    snapshots: Snapshots
    recorder: Recorder
    _touched: list[Touch] = field(default_factory=list, init=False)
    _told: int = field(default=0, init=False)

    def touch(self, touches: Iterable[Touch]) -> None:
        """Note what was evaluated."""
        self._touched += touches

    def publish(self, endpoints: Sequence[Endpoint], now: datetime) -> None:
        """Tell every touched state, and fold what was evaluated into incidents.

        What fails is told again with the next round.

        Args:
            endpoints: With their deployments, as Azure spells them.
            now: As of when.
        """
        self.tell(endpoints, now)
        if self._touched:
            self.recorder.record(self._touched, now)
            self._touched, self._told = [], 0

    def tell(self, endpoints: Sequence[Endpoint], now: datetime) -> None:
        """Keep the states of the places that were touched since the last time; arguments as above."""
        names: dict[Place, set[str]] = {}
        for each in self._touched[self._told :]:
            names.setdefault(each.place, set()).add(each.signal)
        for place, own, about in self._rows(names, endpoints):
            self._keep(place, own, about, now)
        self._told = len(self._touched)

    def _rows(
        self, touched: Mapping[Place, set[str]], endpoints: Sequence[Endpoint]
    ) -> Iterable[tuple[Place, set[str], tuple[Endpoint, Deployment] | None]]:
        """Yield each touched place with its signals: those of its endpoint are a deployment's too."""
        served = {
            self.monitor.place(deployment): (endpoint, deployment)
            for endpoint in endpoints
            for deployment in endpoint.deployments
        }
        for place, about in served.items():
            above = Place(workspace=place.workspace, endpoint=place.endpoint)
            names = touched.get(place, set()) | touched.get(above, set())
            if names:
                yield place, names, about
        for place, names in touched.items():
            if place not in served:
                yield place, names, None

    def _keep(
        self,
        place: Place,
        names: set[str],
        about: tuple[Endpoint, Deployment] | None,
        now: datetime,
    ) -> None:
        headlines = [
            headline
            for name in names & SIGNALS.keys()
            if (headline := self.headline(SIGNALS[name], place, now)) is not None
        ]
        if headlines:
            state.keep(self.snapshots, _state(place, about, tuple(headlines), now))

    def headline(self, signal: Signal, place: Place, now: datetime) -> Headline | None:
        """Return the headline of a signal at a place, else at its endpoint; None without a step."""
        places = [place]
        if place.deployment:
            places.append(Place(workspace=place.workspace, endpoint=place.endpoint))
        steps = self._steps(signal, places, now, farther=False)
        own = next((each for each in places if any(r.place.whole == each for r in steps)), None)
        if own is None:
            return None
        found = headline(signal, own, _of(steps, own), Window(now - DAYS, now), now)
        if found.status == "breached" and self._lasted(found, signal, now):
            steps = self._steps(signal, [own], now, farther=True)
            found = headline(signal, own, steps, Window(now - FARTHEST, now), now)
        return found

    def _lasted(self, found: Headline, signal: Signal, now: datetime) -> bool:
        """Whether a breach may have begun before the steps that were read."""
        return found.since is not None and found.since <= now - _reach(signal.grids[-1].step) + DAY

    def _steps(
        self, signal: Signal, places: Sequence[Place], now: datetime, *, farther: bool
    ) -> tuple[MetricResult, ...]:
        return tuple(
            result
            for grid in signal.grids
            for result in self.results.results(
                Window(now - (FARTHEST if farther else _reach(grid.step)), now),
                signals={signal.name},
                places=places,
                step=grid.step,
            )
        )


def _reach(step: timedelta) -> timedelta:
    if step >= DAY:
        return DAYS
    return HOURS if step >= HOUR else MINUTES


def _of(steps: Iterable[MetricResult], place: Place) -> tuple[MetricResult, ...]:
    return tuple(result for result in steps if result.place.whole == place)


def _state(
    place: Place,
    about: tuple[Endpoint, Deployment] | None,
    headlines: tuple[Headline, ...],
    now: datetime,
) -> PlaceState:
    if about is None:
        return PlaceState(place=place, taken=now, headlines=headlines)
    endpoint, deployment = about
    return PlaceState(
        place=place,
        taken=now,
        headlines=headlines,
        endpoint=endpoint.name,
        deployment=deployment.name,
        traffic_percent=endpoint.traffic.get(deployment.name),
        model_version=str(deployment.model) if deployment.model else "",
    )
