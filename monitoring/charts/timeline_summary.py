"""The timeline in one sentence, for those who cannot see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from monitoring.charts.figure import count, sentence

if TYPE_CHECKING:
    from monitoring.incident import Incident
    from monitoring.incidents.lane import Lane
    from monitoring.window import Window


def summary(lanes: Sequence[Lane], window: Window, incidents: Sequence[Incident]) -> str:
    """Return the timeline in one sentence."""
    touching = [incident for incident in incidents if _touches(incident, window)]
    open_ = sum(i.resolved is None for i in touching)
    blind = ", ".join(dict.fromkeys(lane.label for lane in lanes if lane.missing))
    return sentence(
        f"{count(len({lane.name for lane in lanes}), 'lane')}, {window}",
        f"{count(len(touching), 'incident')}, {open_} open" if touching else "no incident",
        _breached(lanes),
        f"something is missing in {blind}" if blind else "",
        count(sum(len(lane.events) for lane in lanes), "event"),
    )


def _touches(incident: Incident, window: Window) -> bool:
    over = incident.resolved
    return incident.began < window.end and (over is None or over > window.start)


def _breached(lanes: Sequence[Lane]) -> str:
    """Say how many lanes were in breach, and which the longest."""
    breached = [(sum(s == "breached" for s in lane.statuses), lane) for lane in lanes]
    bad = [(steps, lane) for steps, lane in breached if steps and len(lane.times)]
    if not bad:
        return ""
    steps, worst = max(bad, key=lambda each: each[0])
    named = count(len({lane.name for _, lane in bad}), "lane")
    where = f" of {worst.subject}" if worst.subject else ""
    return (
        f"{named} in breach at some time, longest {worst.label}{where} in {steps} of "
        f"{count(len(worst.times), 'step')}"
    )
