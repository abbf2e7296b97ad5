"""What the workspace has deployed, and what it can be compared with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import streamlit as st

from monitoring.errors import SourceError
from ui.loaders import workspace
from ui.loaders.workspace import FRESH

if TYPE_CHECKING:
    from monitoring.signals.deployed import Deployed
    from monitoring.sources.registry import Deployment, Endpoint, ModelVersion
    from ui.scope import Scope


@dataclass(frozen=True, slots=True)
class EndpointChoice:
    """An online endpoint that the sidebar offers."""

    name: str
    deployments: tuple[str, ...]


@st.cache_data(max_entries=10, **FRESH)
def endpoints() -> tuple[EndpointChoice, ...]:
    """Return the online endpoints of the workspace, by name.

    Raises:
        SourceError: The workspace did not answer.
    """
    from monitoring.sources.registry import Inventory  # noqa: PLC0415 - costs a second

    found = Inventory(workspace.azure()).endpoints()
    return tuple(EndpointChoice(e.name, tuple(d.name for d in e.deployments)) for e in found)


@st.cache_resource(show_spinner=False)
def _deployed(day: date | None) -> Deployed:  # noqa: ARG001 - it is the key
    from monitoring.signals.deployed import Deployed  # noqa: PLC0415 - costs a second

    return Deployed(workspace.azure())


def deployed() -> Deployed:
    """Return the door to deployments, shared by all sessions."""
    return _deployed(workspace.now().date() if workspace.settings().is_sample else None)


def deployment_of(chosen: Scope) -> str:
    """Return the deployment of the scope; without one, that with the most traffic.

    Raises:
        SourceError: The endpoint has none.
    """
    if chosen.deployment:
        return chosen.deployment
    endpoint = next(e for e in inventory() if e.name == chosen.endpoint)
    if not endpoint.deployments:
        raise SourceError(
            f"The endpoint {endpoint.name!r} has no deployment",
            hint="Deploy a model to it, or choose another endpoint.",
        )
    names = [each.name for each in endpoint.deployments]
    return max(names, key=lambda name: endpoint.traffic.get(name, 0))


@st.cache_data(max_entries=2, **FRESH)
def inventory() -> tuple[Endpoint, ...]:
    """Return the online endpoints with their deployments."""
    return deployed().inventory.endpoints()


def served(endpoint: str, name: str) -> tuple[Deployment, ModelVersion]:
    """Return a deployment and the model version that it serves.

    Raises:
        SourceError: The model is not known.
    """
    found = next(e for e in inventory() if e.name == endpoint)
    deployment = next(d for d in found.deployments if d.name == name)
    return deployment, deployed().model(deployment)


@st.cache_data(max_entries=50, **FRESH)
def baselines(endpoint: str, deployment: str) -> list[str]:
    """Return the names of the baselines that a deployment can be compared with.

    Raises:
        SourceError: Its model is not known.
    """
    _, model = served(endpoint, deployment)
    return [choice.label for choice in deployed().baselines(model)]
