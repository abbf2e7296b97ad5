"""What a round has changed is told: states of places for the screens, and incidents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
#: Places whose steps are read by one query: more would take much memory at once.
TOGETHER = 10


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
        """
        self.tell(endpoints, now)
        if self._touched:
            self.recorder.record(self._touched, now)
            self._touched, self._told = [], 0

    def tell(self, endpoints: Sequence[Endpoint], now: datetime) -> None:
        """Keep the states of the places that were touched since the last time; arguments as above."""
        names: dict[Place, set[str]] = defaultdict(set)
        for each in self._touched[self._told :]:
            names[each.place].add(each.signal)
        rows = {place: (own, about) for place, own, about in self._rows(names, endpoints)}
        headlines: dict[Place, list[Headline]] = defaultdict(list)
        for signal in SIGNALS.values():
            touched = [place for place, (own, _) in rows.items() if signal.name in own]
            for n in range(0, len(touched), TOGETHER):
                for place, found in self._headlines(signal, touched[n : n + TOGETHER], now):
                    headlines[place].append(found)
        for place, own_headlines in headlines.items():
            state.keep(self.snapshots, _state(place, rows[place][1], tuple(own_headlines), now))
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

    def _headlines(
        self, signal: Signal, places: Sequence[Place], now: datetime
    ) -> Iterator[tuple[Place, Headline]]:
        """Yield the headline of a signal at each place, else at its endpoint; none without a step."""
        above = {place: replace(place, deployment="") for place in places}
        steps = self._steps(signal, {*places, *above.values()}, now, farther=False)
        for place in places:
            own = place if place in steps else above[place]
            if own in steps:
                yield place, self._headline(signal, own, steps[own], now)

    def _headline(
        self, signal: Signal, place: Place, steps: Sequence[MetricResult], now: datetime
    ) -> Headline:
        found = headline(signal, place, steps, Window(now - DAYS, now), now)
        if found.status == "breached" and self._lasted(found, signal, now):
            steps = self._steps(signal, {place}, now, farther=True)[place]
            return headline(signal, place, steps, Window(now - FARTHEST, now), now)
        return found

    def _lasted(self, found: Headline, signal: Signal, now: datetime) -> bool:
        """Whether a breach may have begun before the steps that were read."""
        steps = [grid.step for grid in signal.grids if grid.step >= HOUR] or [MINUTES]
        return found.since is not None and found.since <= now - _reach(min(steps)) + DAY

    def _steps(
        self, signal: Signal, places: Collection[Place], now: datetime, *, farther: bool
    ) -> Mapping[Place, Sequence[MetricResult]]:
        steps: dict[Place, list[MetricResult]] = {}
        for grid in signal.grids:
            window = Window(now - (FARTHEST if farther else _reach(grid.step)), now)
            for evaluation in self.results.evaluations(
                window, signals={signal.name}, places=places, step=grid.step
            ):
                if evaluation.results:
                    steps.setdefault(evaluation.place, []).extend(evaluation.results)
        return steps


def _reach(step: timedelta) -> timedelta:
    if step >= DAY:
        return DAYS
    return HOURS if step >= HOUR else MINUTES


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
