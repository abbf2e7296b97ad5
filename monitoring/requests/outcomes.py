"""How requests ended: answered, or failed and by whose doing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from monitoring.window import Window
from monitoring.workspace.blame import BLAMES


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Requests of one deployment in one step.

    errors: by whom they are to blame, in the order of BLAMES. p50_ms ... p99_ms: of the time to
    the last byte, by nearest rank; None without requests.
    """

    window: Window
    requests: int
    errors: Mapping[str, int]
    percentiles_ms: Mapping[int, float | None]

    @property
    def per_minute(self) -> float:
        """Requests a minute."""
        return self.requests / (self.window.length / timedelta(minutes=1))

    @property
    def faults(self) -> int:
        """Errors that are not the caller's."""
        return sum(n for who, n in self.errors.items() if who != "client")

    def share(self, who: str) -> float:
        """Return the share of requests that failed by one's doing; nan without requests.

        >>> from datetime import UTC, date
        >>> day = Window.day(date(2026, 1, 1))
        >>> Outcomes(day, 8, {"model": 2}, {}).share("model")
        0.25
        """
        return self.errors.get(who, 0) / self.requests if self.requests else float("nan")


def outcomes(
    records: Iterable[Mapping[str, Any]], length: timedelta
) -> dict[tuple[str, str], tuple[Outcomes, ...]]:
    """Return the steps of each deployment in time order, from rows of `traffic.kql`.

    Keys are (endpoint, deployment) in lower case.
    """
    found: dict[tuple[str, str], list[Outcomes]] = {}
    for record in records:
        start = record["TimeGenerated"]
        each = Outcomes(
            Window(start, start + length),
            record["Requests"],
            {who: record[f"{who.capitalize()}Errors"] for who in BLAMES},
            {p: record[f"P{p}Ms"] for p in (50, 90, 95, 99)},
        )
        found.setdefault((record["Endpoint"], record["Deployment"]), []).append(each)
    return {key: tuple(sorted(each, key=lambda o: o.window)) for key, each in found.items()}
