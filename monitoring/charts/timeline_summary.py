"""The timeline in one sentence, for those who cannot see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from monitoring.charts.figure import count

if TYPE_CHECKING:
    from monitoring.incident import Incident
    from monitoring.incidents.lane import Lane
    from monitoring.window import Window


def summary(lanes: Sequence[Lane], window: Window, incidents: Sequence[Incident]) -> str:
    """Return the timeline in one sentence."""
    touching = [
        i
        for i in incidents
        if i.began < window.end and (i.resolved is None or i.resolved > window.start)
    ]
    open_ = sum(i.resolved is None for i in touching)
    measured = [lane for lane in lanes if len(lane.times)]
    breached = [(sum(s == "breached" for s in lane.statuses), lane) for lane in measured]
    bad = [each for each in breached if each[0]]
    parts = [f"{count(len({lane.name for lane in lanes}), 'lane')}, {window}"]
    parts.append(f"{count(len(touching), 'incident')}, {open_} open" if touching else "no incident")
    if bad:
        steps, worst = max(bad, key=lambda each: each[0])
        named = count(len({lane.name for _, lane in bad}), "lane")
        where = f" of {worst.subject}" if worst.subject else ""
        parts.append(
            f"{named} in breach at some time, longest {worst.label}{where} in {steps} of "
            f"{count(len(worst.times), 'step')}"
        )
    if blind := list(dict.fromkeys(lane.label for lane in lanes if lane.missing)):
        parts.append(f"something is missing in {', '.join(blind)}")
    happened = sum(len(lane.events) for lane in lanes)
    parts.append(count(happened, "event"))
    return "; ".join(parts) + "."
