"""Something that happened at a moment: a change, a restart, an alert, a failed job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from monitoring.place import Place

EventKind = Literal[
    "deployment",  # a deployment was created, updated or deleted, or that failed
    "traffic_split",  # the shares of an endpoint's traffic
    "scaling",  # instances added or removed by autoscale or by hand
    "configuration",  # diagnostic settings, monitors, keys, autoscale rules, computes
    "role",  # role assignments
    "model",  # a model version was registered or deleted
    "data",  # a data asset or datastore was changed
    "job",  # a job was submitted, failed or was cancelled
    "container",  # a container was killed, failed its probe, backed off or started
    "console",  # a kind of line that the console had not said before
    "client",  # a caller that came, left, or asked much more than before
    "dependency",  # what the model calls answered slower than before, or failed
    "collection",  # data collection failed or stopped
    "alert",  # Azure Monitor fired an alert rule
    "platform",  # service health
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened.

    time, end: UTC; `end` where it took a while. title: one sentence that names the object.
    endpoint, deployment: lower case; empty where it concerns the whole workspace. caller: who did
    it, empty if nobody. source: where it was read, such as "activity log". count: how many alike it
    stands for. reference: what finds it again there (a correlation id, a job's name). alike: what
    it shares with events of its sort, such as Azure's name of the operation; how often they come
    says how telling one is. weight: 0 to 1, how far its source holds it for a change.
    """

    time: datetime
    kind: EventKind
    title: str
    source: str
    end: datetime | None = None
    endpoint: str = ""
    deployment: str = ""
    caller: str = ""
    status: str = ""
    detail: str = ""
    count: int = 1
    reference: str = ""
    alike: str = ""
    weight: float = 1.0

    @property
    def place(self) -> Place:
        """What it concerns: a deployment, an endpoint or the workspace."""
        return Place(endpoint=self.endpoint, deployment=self.deployment)
