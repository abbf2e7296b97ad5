"""The state of a place as of the last round: one headline for every signal that says something of it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec

from monitoring.metric import STATUSES, Status
from monitoring.overview.state_codec import Packed, pack, place_of, place_record, unpack
from monitoring.place import Place
from monitoring.report import Headline, reading_of
from monitoring.results.snapshots import Snapshot, Snapshots
from monitoring.signal import Respect, Signal
from monitoring.signals import SIGNALS
from monitoring.window import Window

#: Names of what is kept, by place: what the overview shows, and all that is known.
BRIEF, WHOLE = "brief/", "state/"
#: Points of a trend that the overview draws.
MOST_POINTS = 60
#: A breach that ended so long ago is no news.
RECENTLY = timedelta(hours=24)


#: The worst status, open breaches and since when the newest is, turned so that less is more urgent.
Standing = tuple[int, int, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceState:
    """One deployment, or another place that signals are about, as of a moment.

    endpoint, deployment: as Azure spells them. traffic_percent: of the endpoint; None without a
    share. headlines: by gravity. standing: how urgent it is among others, the least first; None where
    its headlines say.
    """

    place: Place
    taken: datetime
    headlines: Sequence[Headline]
    endpoint: str = ""
    deployment: str = ""
    traffic_percent: int | None = None
    model_version: str = ""
    standing: Standing | None = None

    def of(self, signal: str) -> Headline | None:
        """Return the headline of a signal; None if it says nothing of this place."""
        return next((each for each in self.headlines if each.signal == signal), None)

    def cell(self, respect: Respect) -> Headline | None:
        """Return what stands for a respect: its gravest open breach, else its gravest signal."""
        own = [each for each in self.headlines if SIGNALS[each.signal].respect == respect]
        known = [each for each in own if each.status != "no_data"]
        return min(known or own, key=_order, default=None)

    @property
    def cells(self) -> Mapping[Respect, Headline | None]:
        """Model, data and infrastructure."""
        respects: tuple[Respect, ...] = ("model", "data", "infrastructure")
        return {respect: self.cell(respect) for respect in respects}

    @property
    def worst(self) -> Status:
        """The status that decides where the place stands."""
        statuses: list[Status] = [
            cell.status if cell else "no_data" for cell in self.cells.values()
        ]
        return min(statuses, key=STATUSES.index)


def _order(each: Headline) -> tuple[bool, int]:
    return each.status != "breached", SIGNALS[each.signal].gravity


def ranked(states: Iterable[PlaceState]) -> list[PlaceState]:
    """Return the most and the newest open problems first, then by name."""
    return sorted(states, key=lambda state: (state.standing or standing(state), str(state.place)))


def standing(state: PlaceState) -> Standing:
    """Return how urgent a place is among others: the least first."""
    breaches = [each for each in state.headlines if each.status == "breached"]
    newest = max((each.since.timestamp() for each in breaches if each.since), default=0.0)
    return STATUSES.index(state.worst), -len(breaches), -newest


def inside(state: PlaceState, window: Window) -> PlaceState:
    """Return the state as it is told over a window: what was over before it began is not."""
    return replace(state, headlines=tuple(_inside(each, window) for each in state.headlines))


def _inside(each: Headline, window: Window) -> Headline:
    if each.last is None or (each.last.end or window.end) > window.start:
        return each
    return replace(each, last=None, reading=reading_of(each.status, each.leading, None))


def brief(state: PlaceState) -> PlaceState:
    """Return what the overview needs of a state: trends of its three cells alone, and short ones."""
    cells = {cell.signal for cell in state.cells.values() if cell}
    return replace(
        state,
        headlines=tuple(
            replace(each, trend=each.trend[-MOST_POINTS:] if each.signal in cells else ())
            for each in state.headlines
        ),
    )


def keep(snapshots: Snapshots, state: PlaceState) -> None:
    """Keep a state for the overview and for the pages of its place.

    Headlines of other signals stay as another evaluator may have just kept them.
    """

    def change(before: bytes | None) -> dict[str, bytes]:
        earlier = _decode(before) if before else None
        headlines = {each.signal: each for each in earlier.headlines} if earlier else {}
        headlines |= {each.signal: each for each in state.headlines}
        known = [each for each in headlines.values() if each.signal in SIGNALS]
        known.sort(key=lambda each: SIGNALS[each.signal].gravity)
        whole = replace(state, headlines=tuple(known))
        return {
            f"{WHOLE}{state.place}": _encoded(whole),
            f"{BRIEF}{state.place}": _encoded(brief(whole)),
        }

    snapshots.change(f"{WHOLE}{state.place}", change, state.taken)


def kept(snapshots: Snapshots, place: Place) -> PlaceState | None:
    """Return the state of a place; None before it has been evaluated."""
    snapshot = snapshots.get(f"{WHOLE}{place}")
    return _decode(snapshot.content) if snapshot else None


def fleet(snapshots: Snapshots) -> tuple[PlaceState, ...]:
    """Return the states of all deployments, open problems first."""
    return tuple(each for each in everywhere(snapshots) if each.place.deployment)


def everywhere(snapshots: Snapshots) -> tuple[PlaceState, ...]:
    """Return the states of all places, clusters and the workspace too, open problems first."""
    decoded = (_decode(each.content) for each in snapshots.under(BRIEF))
    return tuple(ranked(each for each in decoded if each is not None))


class Reader:
    """Reads the states of all places again and again: of those that are as they were, nothing.

    Shared by all threads.
    """

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots
        self._mark: tuple[int, int, int] | None = None
        self._known: dict[str, tuple[Snapshot, PlaceState | None]] = {}
        self._ranked: tuple[PlaceState, ...] = ()
        self._guard = threading.Lock()

    def everywhere(self) -> tuple[PlaceState, ...]:
        """Return the states of all places as they are now, open problems first.

        Raises:
            SourceError: The database cannot be read.
        """
        mark = self._snapshots.mark(BRIEF)
        with self._guard:
            if mark != self._mark:
                self._read()
                self._mark = mark
            return self._ranked

    def _read(self) -> None:
        before = {name: snapshot for name, (snapshot, _) in self._known.items()}
        read = self._snapshots.under(BRIEF, before)
        self._known = {
            each.name: self._known[each.name]
            if before.get(each.name) is each
            else (each, _decode(each.content))
            for each in read
        }
        states = (state for _, state in self._known.values() if state is not None)
        self._ranked = tuple(ranked(states))


class _Kept(msgspec.Struct):
    """A state as it is kept: its headlines wait to be read."""

    place: tuple[str, ...]
    taken: datetime
    endpoint: str
    deployment: str
    traffic_percent: int | None
    model_version: str
    standing: Standing
    headlines: Packed


def _encoded(state: PlaceState) -> bytes:
    return msgspec.msgpack.encode(
        _Kept(
            place_record(state.place),
            state.taken,
            state.endpoint,
            state.deployment,
            state.traffic_percent,
            state.model_version,
            standing(state),
            pack(state.headlines),
        )
    )


def _decode(content: bytes) -> PlaceState | None:
    """Return a state; None for one that another version of the product has written."""
    try:
        kept = _decoder.decode(content)
    except msgspec.DecodeError:
        return None
    return PlaceState(
        place=place_of(kept.place),
        taken=kept.taken,
        headlines=unpack(kept.headlines),
        endpoint=kept.endpoint,
        deployment=kept.deployment,
        traffic_percent=kept.traffic_percent,
        model_version=kept.model_version,
        standing=kept.standing,
    )


_decoder = msgspec.msgpack.Decoder(_Kept)


__all__ = [
    "PlaceState",
    "Reader",
    "Signal",
    "everywhere",
    "fleet",
    "inside",
    "keep",
    "kept",
    "ranked",
]
