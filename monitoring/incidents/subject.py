"""Whom a judged number is about."""

from __future__ import annotations

from dataclasses import dataclass

WORKSPACE = "workspace"
CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Subject:
    """What `MetricResult.subject` says on a timeline, taken apart.

    endpoint, deployment: lower case. feature: of its inputs or outputs, empty for the whole.
    cluster: empty but for a compute cluster. All empty: the workspace.

    >>> Subject.parse("credit/blue/income")
    Subject(endpoint='credit', deployment='blue', feature='income', cluster='')
    >>> Subject.parse("cluster/cpu").cluster, Subject.parse("workspace").place
    ('cpu', 'workspace')
    """

    endpoint: str = ""
    deployment: str = ""
    feature: str = ""
    cluster: str = ""

    @classmethod
    def parse(cls, text: str) -> Subject:
        """Read `endpoint`, `endpoint/deployment`, `endpoint/deployment/feature`, `cluster/name` or `workspace`."""
        if text in {"", WORKSPACE}:
            return cls()
        first, _, rest = text.partition("/")
        if first == CLUSTER and rest:
            return cls(cluster=rest)
        deployment, _, feature = rest.partition("/")
        return cls(first.lower(), deployment.lower(), feature)

    @property
    def place(self) -> str:
        """What breaches fold into one incident by: everything but the feature."""
        if self.cluster:
            return f"{CLUSTER}/{self.cluster}"
        return "/".join(filter(None, (self.endpoint, self.deployment))) or WORKSPACE
