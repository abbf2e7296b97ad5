"""Online endpoints, their deployments, and what of their traffic is collected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitoring.place import Place
from monitoring.workspace.assets import AssetId


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection of the model data collector, and the data asset that it fills.

    sampling_rate: share of the calls that are kept; each collection draws on its own.
    """

    enabled: bool
    data: AssetId | None = None
    sampling_rate: float = 1.0


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment of an online endpoint. fault: what of it could not be read, as a sentence."""

    id: str
    name: str
    endpoint: str
    model: AssetId | None
    instance_type: str
    instance_count: int
    provisioning_state: str
    collections: Mapping[str, Collection]
    app_insights: bool
    created: datetime | None
    tags: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""

    @property
    def place(self) -> Place:
        """Where it stands, as signals name it."""
        return Place(endpoint=self.endpoint, deployment=self.name)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One online endpoint; `traffic` and `mirror_traffic` are percent by deployment.

    fault: what of it, or of its deployments, could not be read, as a sentence.
    """

    id: str
    name: str
    location: str
    traffic: Mapping[str, int]
    mirror_traffic: Mapping[str, int]
    provisioning_state: str
    created: datetime | None
    tags: Mapping[str, str] = field(default_factory=dict)
    deployments: tuple[Deployment, ...] = ()
    fault: str = ""

    @property
    def place(self) -> Place:
        """Where it stands, as signals name it."""
        return Place(endpoint=self.name)
