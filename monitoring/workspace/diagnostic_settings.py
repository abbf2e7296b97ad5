"""Where a resource sends its logs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DiagnosticSetting:
    """Where a resource sends its logs, and which categories."""

    name: str
    workspace_id: str
    categories: frozenset[str]
