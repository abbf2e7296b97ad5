"""Changes that somebody made, from the activity log: one event for all the stages of a change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitoring.event import Event, EventKind
from monitoring.sources.activity import ActivityEvent

SOURCE = "activity log"
#: Operations that look and change nothing, though Azure calls some of them actions.
_READS = re.compile(r"/(?:read|list\w*/action|validate\w*/action|whatif/action|check\w*/action)$")


@dataclass(frozen=True, slots=True)
class _Sort:
    """A sort of operation: how it is found, what it is, and what it is called.

    weight: 0 to 1, how likely such a change is to change what production does.
    """

    pattern: re.Pattern[str]
    kind: EventKind
    noun: str
    weight: float = 1.0


def _sort(pattern: str, kind: EventKind, noun: str, weight: float = 1.0) -> _Sort:
    return _Sort(re.compile(pattern), kind, noun, weight)


_ML = r"^microsoft\.machinelearningservices/workspaces/"
#: The first that fits is taken. A write to an endpoint is mostly a change of its traffic split: the
#: log does not say which of its settings was changed.
_SORTS: tuple[_Sort, ...] = (
    _sort(_ML + r"onlineendpoints/deployments/", "deployment", "the deployment"),
    _sort(_ML + r"onlineendpoints/regeneratekeys/", "configuration", "the keys of the endpoint"),
    _sort(_ML + r"onlineendpoints/delete", "deployment", "the endpoint"),
    _sort(_ML + r"onlineendpoints/", "traffic_split", "traffic split or settings of the endpoint"),
    _sort(_ML + r"models/", "model", "the model", 0.7),
    _sort(_ML + r"data/", "data", "the data asset", 0.6),
    _sort(_ML + r"datastores/", "data", "the datastore"),
    _sort(_ML + r"jobs/", "job", "the job", 0.8),
    _sort(_ML + r"schedules/", "configuration", "the schedule or monitor"),
    _sort(_ML + r"computes/", "configuration", "the compute"),
    _sort(_ML + r"(?:environments|components|codes)/", "model", "the environment or code", 0.4),
    _sort(r"^microsoft\.insights/diagnosticsettings/", "configuration", "the diagnostic setting"),
    _sort(r"^microsoft\.insights/autoscalesettings/scale", "scaling", "the instances of"),
    _sort(r"^microsoft\.insights/", "configuration", "the monitoring setting"),
    _sort(r"^microsoft\.authorization/roleassignments/", "role", "a role assignment on"),
    _sort(r"^microsoft\.authorization/", "role", "an access rule on"),
    _sort(r"^microsoft\.(?:servicehealth|resourcehealth)/", "platform", "the health of"),
    _sort(r"^microsoft\.(?:network|keyvault)/", "configuration", "the network or key vault"),
    _sort(r"^microsoft\.storage/", "configuration", "the storage account"),
    _sort(r"", "configuration", "the resource", 0.7),
)
_VERBS: Mapping[str, str] = {
    "write": "wrote",
    "delete": "deleted",
    "regeneratekeys": "regenerated",
    "regeneratekey": "regenerated",
    "cancel": "cancelled",
    "scaleup": "added to",
    "scaledown": "took from",
    "start": "started",
    "stop": "stopped",
    "restart": "restarted",
}


def of_activity(found: Iterable[ActivityEvent]) -> tuple[Event, ...]:
    """Return the changes in time order; what only read is left out."""
    stages: dict[tuple[str, str, str], list[ActivityEvent]] = {}
    for each in found:
        if not _READS.search(each.operation_name):
            key = each.correlation_id, each.operation_name, each.resource_id
            stages.setdefault(key, []).append(each)
    events = [_event(sorted(each, key=lambda e: e.time)) for each in stages.values()]
    return tuple(sorted(events, key=lambda e: (e.time, e.title)))


def _event(stages: Sequence[ActivityEvent]) -> Event:
    first, last = stages[0], stages[-1]
    sort = next(each for each in _SORTS if each.pattern.search(first.operation_name))
    endpoint, deployment = target(first.resource_id)
    said = next((each.description for each in reversed(stages) if each.description), "")
    failed = last.status in {"failed", "failure"}
    return Event(
        time=first.time,
        end=last.time if last.time > first.time else None,
        kind=sort.kind,
        title=_title(first, sort, said, failed=failed),
        source=SOURCE,
        endpoint=endpoint,
        deployment=deployment,
        caller=first.caller,
        status=last.status,
        detail=said,
        count=1,
        reference=first.correlation_id,
        alike=first.operation_name + (" failed" if failed else ""),
        weight=1.0 if failed else sort.weight,
    )


def _title(event: ActivityEvent, sort: _Sort, said: str, *, failed: bool) -> str:
    who = event.caller or "Azure"
    did = "tried in vain to change" if failed else _verb(event.operation_name)
    detail = f": {said}" if said else ""
    return f"{who} {did} {sort.noun} {_name(event.resource_id)}{detail}"


def _verb(operation: str) -> str:
    words = [word for word in operation.split("/") if word != "action"]
    return _VERBS.get(words[-1], "changed")


def _name(resource_id: str) -> str:
    """Return what a resource is called: endpoint and deployment, or its last name.

    >>> _name("/subscriptions/s/x/onlineendpoints/credit/deployments/blue")
    'credit/blue'
    >>> _name("/subscriptions/s/x/storageaccounts/st/providers/microsoft.authorization/roleassignments/1")
    'st'
    """
    own, provider, rest = resource_id.rpartition("/providers/")
    extension = ("microsoft.authorization", "microsoft.insights/diagnosticsettings")
    if provider and rest.startswith(extension):
        return _name(own) if "/" in own else own
    endpoint, deployment = target(resource_id)
    if endpoint:
        return f"{endpoint}/{deployment}" if deployment else endpoint
    versioned = re.search(r"/([^/]+)/versions/([^/]+)$", resource_id)
    if versioned:
        return f"{versioned[1]}:{versioned[2]}"
    return resource_id.rstrip("/").rpartition("/")[2]


def target(resource_id: str) -> tuple[str, str]:
    """Return endpoint and deployment that a resource id names, lower case; empty for others.

    >>> target("/subscriptions/s/x/onlineEndpoints/Credit/deployments/Blue/events/1")
    ('credit', 'blue')
    """
    named = re.search(r"/onlineendpoints/([^/]+)(?:/deployments/([^/]+))?", resource_id.lower())
    return (named[1], named[2] or "") if named else ("", "")
