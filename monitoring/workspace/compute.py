"""Compute targets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Compute:
    """One compute target."""

    name: str
    type: str
    size: str
    provisioning_state: str
    minimum_nodes: int | None = None
    maximum_nodes: int | None = None
