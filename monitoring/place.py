"""What a judged number is about: set once where it is measured, never read back from text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Place:
    """A deployment, an endpoint, a compute cluster, a job or the whole workspace; or one feature of it.

    workspace: full resource id, empty where there is only one, as for files. feature: a column of the
    inputs or outputs, or a group of rows; empty for the whole. Names of Azure are compared without
    regard to case, so they are kept in lower case; a feature is not.

    >>> blue = Place(endpoint="Credit", deployment="blue")
    >>> str(blue), str(blue.of("income")), str(Place(cluster="cpu")), str(Place())
    ('credit/blue', 'credit/blue/income', 'cluster/cpu', 'workspace')
    >>> blue.of("income").whole == blue
    True
    """

    workspace: str = ""
    endpoint: str = ""
    deployment: str = ""
    cluster: str = ""
    job: str = ""
    feature: str = ""

    def __post_init__(self) -> None:
        for name in ("workspace", "endpoint", "deployment", "cluster", "job"):
            object.__setattr__(self, name, getattr(self, name).lower())

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Place:
        """Return the deployment that a row of one of the product's queries is about.

        >>> str(Place.of_row({"Endpoint": "credit", "Deployment": "blue"}))
        'credit/blue'
        """
        return cls(endpoint=row["Endpoint"], deployment=row["Deployment"])

    @property
    def path(self) -> str:
        """The place without its feature, as text for people."""
        if self.cluster:
            return f"cluster/{self.cluster}"
        if self.job:
            return f"job/{self.job}"
        return "/".join(filter(None, (self.endpoint, self.deployment))) or "workspace"

    @property
    def subject(self) -> str:
        """The feature where there is one, else the place: what a row of a table is called."""
        return self.feature or self.path

    @property
    def whole(self) -> Place:
        """The place without its feature: what breaches fold into one incident by."""
        return replace(self, feature="") if self.feature else self

    def of(self, feature: str) -> Place:
        """Return one feature or group of the place."""
        return replace(self, feature=feature)

    @property
    def around(self) -> tuple[Place, ...]:
        """The place without its feature, then what it lies in, the nearest first.

        >>> [str(each) for each in Place(endpoint="credit", deployment="blue").around]
        ['credit/blue', 'credit', 'workspace']
        """
        wider = (
            self.whole,
            Place(workspace=self.workspace, endpoint=self.endpoint),
            Place(workspace=self.workspace),
        )
        return tuple(dict.fromkeys(wider))

    def concerns(self, endpoint: str | None, deployment: str | None = None) -> bool:
        """Whether it is to be seen by who looks at an endpoint or at one of its deployments.

        What concerns the whole endpoint, a cluster or the workspace is, since it may lie behind it.

        >>> Place(endpoint="credit", deployment="blue").concerns("Credit", "green")
        False
        >>> Place(endpoint="credit").concerns("credit", "green"), Place().concerns("credit")
        (True, True)
        """
        return (not endpoint or self.endpoint in {"", endpoint.lower()}) and (
            not deployment or self.deployment in {"", deployment.lower()}
        )

    def __str__(self) -> str:
        return f"{self.path}/{self.feature}" if self.feature else self.path


#: The whole workspace; of files, the whole of them.
WORKSPACE = Place()
