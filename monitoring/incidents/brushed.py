"""What changed just before a window that a reader chose on the timeline."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from monitoring.incident import Breach, Incident, Suspect
from monitoring.incidents import suspects
from monitoring.place import WORKSPACE, Place
from monitoring.signals import SIGNALS
from monitoring.verdict import draft, judge

if TYPE_CHECKING:
    from monitoring.incidents.report import IncidentReport
    from monitoring.window import Window


def around(
    report: IncidentReport,
    window: Window,
    endpoint: str | None = None,
    deployment: str | None = None,
) -> tuple[Suspect, ...]:
    """Return what changed before and in a window, the most telling first, at most ten.

    Ranked like the suspects of an incident that begins with the window. Of several deployments,
    each change counts for the one that it is most telling for.
    """
    best: dict[tuple[str, object], Suspect] = {}
    for place in _places(report, endpoint, deployment):
        events = (*report.earlier, *report.events)
        about = _about(report, window, place)
        for each in suspects.rank(about, events, report.results, known_until=window.end):
            key = each.title, each.time
            if key not in best or each.score > best[key].score:
                best[key] = each
    ranked = sorted(best.values(), key=lambda s: (-s.score, s.time, s.title))[: suspects.MOST]
    return tuple(
        replace(each, rank=n, sentence=_sentence(each, window)) for n, each in enumerate(ranked, 1)
    )


def _sentence(suspect: Suspect, window: Window) -> str:
    title = suspect.title.rstrip(".")
    if suspect.time < window.start:
        gap = suspects.span(window.start - suspect.time)
        return f"{title}; this coincides with the time {gap} before the chosen window begins."
    return f"{title}; this coincides with the chosen window."


def _places(
    report: IncidentReport, endpoint: str | None, deployment: str | None
) -> tuple[Place, ...]:
    every = {result.place.whole for result in report.results}
    chosen = {each for each in every if each.concerns(endpoint, deployment)}
    own = {each for each in chosen if each.deployment}
    return tuple(sorted(own or chosen or {WORKSPACE}, key=str))


def _alarming() -> tuple[str, ...]:
    """Return what a window without a breach is taken to be about: whatever could hurt somebody."""
    return tuple(each.name for each in SIGNALS.values() if each.alarms and not each.state)


def _about(report: IncidentReport, window: Window, place: Place) -> Incident:
    """Return the window as an incident of a place, with the signals that breached in it."""
    inside = dict.fromkeys(
        r.signal
        for r in report.results
        if r.status == "breached"
        and r.window
        and r.window.start < window.end
        and r.window.end > window.start
        and r.place.whole == place
    )
    breaches = tuple(
        Breach(
            signal=signal,
            metric="",
            label="",
            place=place,
            start=window.start,
            end=window.end,
            fired=window.end,
            worst=judge(
                draft(
                    signal=signal, metric="", place=place, threshold=0.0, value=1.0, window=window
                )
            ),
            steps=1,
        )
        for signal in inside or _alarming()
    )  # fmt: skip
    return Incident(
        id="",
        title="",
        place=place,
        severity="low",
        began=window.start,
        fired=window.end,
        resolved=window.end,
        breaches=breaches,
        events=(),
        affected_share=None,
    )
