"""What the workspace has deployed, and what it can be compared with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import streamlit as st

from monitoring.baselines import choices as known
from monitoring.baselines.choices import BaselineChoice
from monitoring.errors import SourceError
from monitoring.progress import Progress
from monitoring.segment import EVERYONE, Segment
from monitoring.sources.deployed import Deployed, PredictedDays
from monitoring.sources.registry import Inventory
from monitoring.window import Window
from monitoring.workspace.endpoints import Deployment, Endpoint
from monitoring.workspace.models import ModelVersion
from ui.loaders import database, workspace
from ui.loaders.workspace import FRESH


@dataclass(frozen=True, slots=True)
class EndpointChoice:
    """An online endpoint that the sidebar offers. faults: what of it could not be read, by whose."""

    name: str
    deployments: tuple[str, ...]
    faults: tuple[tuple[str, str], ...] = ()


@st.cache_data(max_entries=10, **FRESH)
def endpoints() -> tuple[EndpointChoice, ...]:
    """Return the online endpoints of the workspace, by name."""
    found = Inventory(workspace.azure()).endpoints()
    return tuple(
        EndpointChoice(e.name, tuple(d.name for d in e.deployments), _faults(e)) for e in found
    )


def _faults(endpoint: Endpoint) -> tuple[tuple[str, str], ...]:
    named = [(endpoint.name, endpoint.fault)]
    named += [(f"{endpoint.name}/{each.name}", each.fault) for each in endpoint.deployments]
    return tuple((name, fault) for name, fault in named if fault)


@st.cache_resource(show_spinner=False)
def _deployed(day: date | None) -> Deployed:  # noqa: ARG001 - it is the key
    return Deployed(workspace.azure())


def deployed() -> Deployed:
    """Return the door to deployments, shared by all sessions."""
    return _deployed(workspace.now().date() if workspace.settings().is_sample else None)


def endpoint_of(name: str) -> Endpoint:
    """Return an endpoint; names are alike in any case, as Azure has it."""
    return next(each for each in inventory() if each.name.lower() == name.lower())


def deployment_of(endpoint: str, deployment: str | None) -> str:
    """Return the deployment; without one, that of the endpoint with the most traffic.

    Raises:
        SourceError: The endpoint has none.
    """
    if deployment:
        return deployment
    whole = endpoint_of(endpoint)
    if not whole.deployments:
        raise SourceError(
            f"The endpoint {endpoint!r} has no deployment",
            hint="Deploy a model to it, or choose another endpoint.",
        )
    names = [each.name for each in whole.deployments]
    return max(names, key=lambda name: whole.traffic.get(name, 0))


@st.cache_data(max_entries=2, **FRESH)
def inventory() -> tuple[Endpoint, ...]:
    """Return the online endpoints with their deployments."""
    return deployed().inventory.endpoints()


def served(endpoint: str, name: str) -> tuple[Deployment, ModelVersion]:
    """Return a deployment and the model version that it serves."""
    deployment = next(d for d in endpoint_of(endpoint).deployments if d.name == name)
    return deployment, deployed().model(deployment)


def choices(endpoint: str, deployment: str, signal: str = "") -> dict[str, BaselineChoice]:
    """Return by label what a deployment can be compared with, those that users have made included.

    Args:
        endpoint: Name of the endpoint.
        deployment: Name of the deployment.
        signal: Whose baseline in force comes first, for signals that have one; else training data.
    """
    _, model = served(endpoint, deployment)
    chosen = database.active(endpoint, deployment, signal) if signal else None
    active = chosen.label if chosen else known.default(signal, model).label
    stored = [(each.label, each.rule) for each in database.stored(endpoint, deployment)]
    found = known.choices(deployed(), model, stored, active)
    return {choice.label: choice for choice in found}


@st.cache_data(max_entries=50, **FRESH)
def baselines(endpoint: str, deployment: str, signal: str = "") -> list[str]:
    """Return the names of the baselines that a deployment can be compared with, as `choices`."""
    return list(choices(endpoint, deployment, signal))


def rows(
    endpoint: str,
    deployment: str,
    window: Window,
    progress: Progress | None = None,
    *,
    segment: Segment = EVERYONE,
) -> PredictedDays:
    """Return the predictions of each day with their labels and inputs, cut down to a segment.

    Raises:
        SourceError: The model's tags do not say what its columns are, or they cannot be read.
        InputError: The segment asks about a column that was not collected.
    """
    found, model = served(endpoint, deployment)
    return workspace.memory().get(
        ("rows", endpoint, deployment, window, segment),
        lambda say: deployed().rows(found, model, window, segment, say),
        fresh=timedelta(minutes=15),
        progress=progress,
    )


@st.cache_data(max_entries=50, **FRESH)
def sent_logs(endpoint: str) -> frozenset[str] | None:
    """Return the logs that diagnostic settings of an endpoint send somewhere; None if it is gone."""
    try:
        found = endpoint_of(endpoint)
    except StopIteration:
        return None
    settings = deployed().inventory.diagnostic_settings(found.id)
    return frozenset(category for setting in settings for category in setting.categories)
