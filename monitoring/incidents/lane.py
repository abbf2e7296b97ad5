"""One course over time on the timeline: a measured series, or a row of events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from monitoring.event import Event
    from monitoring.metric import Status, Worse
    from monitoring.place import Place


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lane:
    """One lane of the timeline. All lanes share one UTC axis.

    name: stable, snake case, unique on a timeline, such as `error_rate`. label: for people, with its
    unit in `unit`. group: traffic, infrastructure, data, model or events. place: whose it is; None where several or none may be meant.

    times: starts of the steps, datetime64[s] in UTC, shape (n,); values: shape (n,), nan where
    nothing was measured, which is a gap and no zero; statuses: one a step, where it is judged.
    events: in time order, for a lane of events; then `times` is empty. threshold and worse: where
    the lane is judged. method: how it was measured, in one sentence. estimated, simulated: said on
    screen. missing: why it is empty or incomplete, in one sentence; empty when it is whole.
    step_seconds: how long a step lasts. notes: one a step, what stands behind it, such as the feature
    that is worst; empty where the label says all.
    """

    name: str
    label: str
    group: str
    place: Place | None
    times: NDArray[np.datetime64]
    values: NDArray[np.float64]
    statuses: tuple[Status, ...] = ()
    events: tuple[Event, ...] = ()
    unit: str = ""
    threshold: float | None = None
    worse: Worse | None = None
    method: str = ""
    estimated: bool = False
    missing: str = ""
    step_seconds: int = 3600
    notes: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """Whose it is, as text; empty where it is nobody's own."""
        return str(self.place) if self.place else ""
