"""What speaks against a fixed window as a baseline, before it is kept."""

from __future__ import annotations

from collections.abc import Iterable

from monitoring.decisions.baseline_rule import BaselineRule
from monitoring.incident import Incident
from monitoring.window import Window

#: Incidents that are named; more are counted.
MOST_NAMED = 3


def fixed_window(rule: BaselineRule) -> Window | None:
    """Return the days of a fixed window, None for every other rule."""
    if rule.kind != "fixed_window" or rule.start is None or rule.end is None:
        return None
    return Window(Window.day(rule.start).start, Window.day(rule.end).end)


def cautions(
    rule: BaselineRule,
    judged: Window,
    incidents: Iterable[Incident],
    endpoint: str,
    deployment: str,
) -> tuple[str, ...]:
    """Return what speaks against a rule, in sentences; nothing against one that is no fixed window.

    Args:
        judged: What is looked at now.
        incidents: That may have lasted in the days of the rule.
        deployment: Empty for every one of the endpoint.
    """
    days = fixed_window(rule)
    if days is None:
        return ()
    found = []
    start, end = max(days.start, judged.start), min(days.end, judged.end)
    if start < end:
        shared = len(Window(start, end).days())
        found.append(
            f"{shared} of its {len(days.days())} days lie in the window that is looked at: what has"
            " changed there is compared with itself."
        )
    inside = [each for each in incidents if _touches(each, days, endpoint, deployment)]
    for each in inside[:MOST_NAMED]:
        state = "is open" if each.resolved is None else f"lasted until {each.resolved:%d %b %H:%M}"
        found.append(
            f"It holds the incident {each.title!r}, which {state}: it becomes the new normal."
        )
    if len(inside) > MOST_NAMED:
        found.append(f"It holds {len(inside) - MOST_NAMED} more incidents.")
    return tuple(found)


def _touches(incident: Incident, days: Window, endpoint: str, deployment: str) -> bool:
    if incident.endpoint != endpoint.lower():
        return False
    if deployment and incident.deployment not in {"", deployment.lower()}:
        return False
    return incident.began < days.end and (
        incident.resolved is None or incident.resolved > days.start
    )
