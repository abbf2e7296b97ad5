"""Places for tests, in one word."""

from __future__ import annotations

from monitoring.place import Place


def at(text: str) -> Place:
    """`endpoint/deployment/feature`, or its beginning; `cluster/name`; `workspace`."""
    endpoint, deployment, feature = (*text.split("/", 2), "", "")[:3]
    if endpoint == "cluster":
        return Place(cluster=deployment)
    return Place(
        endpoint="" if endpoint == "workspace" else endpoint, deployment=deployment, feature=feature
    )
