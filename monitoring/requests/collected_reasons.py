"""Why nothing was collected of a request: the first reason that the evidence supports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from monitoring.requests.link import Link

if TYPE_CHECKING:
    from monitoring.requests.logged_request import LoggedRequest, LogLine
    from monitoring.sources.collected_lines import CollectedLines
    from monitoring.workspace.endpoints import Deployment

#: Collected files are appended to with a delay, as logs arrive with one.
LATE = timedelta(minutes=10)
#: Fewer neighbours than this, and that none was collected says nothing.
LEAST_NEIGHBOURS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known where a request's rows are missing.

    found: what lay in its hours. has_inputs: whether its inputs were found. neighbour_ids: of the
    requests near it. refusal: asks the metrics why records could not be stored in these minutes:
    words and fix, or None.
    """

    request: LoggedRequest
    deployment: Deployment | None
    found: CollectedLines
    now: datetime
    has_inputs: bool = False
    neighbour_ids: frozenset[str] = frozenset()
    lines: Sequence[LogLine] = ()
    refusal: Callable[[], tuple[str, str] | None] = field(default=lambda: None)


def why_missing(name: str, evidence: Evidence) -> Link:
    """Return the link that says why a request has no row in a collection."""
    return next(_reasons(name, evidence))


def _reasons(name: str, evidence: Evidence) -> Iterator[Link]:
    yield from _nothing_to_collect(name, evidence)
    yield from _switched_off(name, evidence)
    yield from _own_line(name, evidence)
    yield from _not_stored(name, evidence)
    yield from _not_written(name, evidence)
    yield from _under_another_id(name, evidence)
    several = evidence.found.several
    merged = f", or it lies in one of the {several} lines that hold several rows" if several else ""
    yield Link(
        name,
        "missing",
        f"The hour's {evidence.found.lines:,} lines hold other requests' ids, this one's not: "
        f"score.py did not collect it (a cache answered, or it left before collect()){merged}.",
        "not collected by score.py",
        "Call collect() before anything in run() can return or raise.",
    )


def _nothing_to_collect(name: str, evidence: Evidence) -> Iterator[Link]:
    request = evidence.request
    if not request.reached_model:
        yield Link(
            name,
            "none",
            f"The gateway answered {request.code} itself; score.py never saw the request.",
            "did not reach the model",
        )
    elif request.has_failed and evidence.found.collection in {"model_outputs", "response"}:
        yield Link(
            name,
            "none",
            f"The request failed ({_codes(request)}): there was no answer to collect.",
            "failed in the model",
        )


def _codes(request: LoggedRequest) -> str:
    return f"{request.code}, model status {request.model_code or 'none'}"


def _switched_off(name: str, evidence: Evidence) -> Iterator[Link]:
    deployment, collection = evidence.deployment, evidence.found.collection
    if deployment is None:
        if not evidence.found.lines:
            yield Link(
                name,
                "missing",
                f"The deployment {evidence.request.deployment!r} is no more, and nothing lies in its "
                "folder for that hour.",
                "deployment deleted",
            )
        return
    setting = deployment.collections.get(collection)
    if setting is None or not setting.enabled:
        yield Link(
            name,
            "missing",
            f"The deployment does not collect {collection}.",
            "collector off",
            f"Set data_collector.collections.{collection}.enabled: 'true' in the deployment.",
        )


def _own_line(name: str, evidence: Evidence) -> Iterator[Link]:
    if evidence.found.faults:
        kinds = ", ".join(evidence.found.faults)
        yield Link(
            name,
            "missing",
            f"A line with this id is there but cannot be used: {kinds}.",
            "line not usable",
            "Look at the file in the container; a payload above 4 MB lies in a file of its own.",
        )


def _not_stored(name: str, evidence: Evidence) -> Iterator[Link]:
    if refusal := evidence.refusal():
        words, fix = refusal
        said = f"The collector could not store records in these minutes: {words}."
        yield Link(name, "missing", said, "storage refused", fix)
        return
    if said_so := next((line for line in evidence.lines if line.is_collector), None):
        yield Link(
            name,
            "missing",
            f"The collector reported at {said_so.time:%H:%M:%S} UTC: {said_so.message}",
            "storage refused",
            "Give the endpoint's identity Storage Blob Data Contributor on the storage account.",
        )


def _not_written(name: str, evidence: Evidence) -> Iterator[Link]:
    found, age = evidence.found, evidence.now - evidence.request.time
    hours = " and ".join(f"{hour:%Y/%m/%d/%H}" for hour in found.hours)
    if age < LATE:
        yield Link(
            name,
            "missing",
            f"The request is {age.total_seconds() / 60:.0f} minutes old; collected files are appended"
            " to with a delay.",
            "not yet written",
            "Look again in ten minutes.",
        )
    elif not found.lines:
        yield Link(
            name,
            "missing",
            f"There is nothing in the folder {hours}: nothing was collected then, or a lifecycle rule "
            "of the storage account has removed it.",
            "nothing in that hour",
            "Check the container's lifecycle rules and the collection's data asset.",
        )


def _under_another_id(name: str, evidence: Evidence) -> Iterator[Link]:
    found, deployment = evidence.found, evidence.deployment
    if found.merged:
        yield Link(
            name,
            "missing",
            f"No line has this id, but {found.merged} within two seconds of it hold several rows: "
            "the collector wrote near-simultaneous calls under the first one's id.",
            "merged with another",
            "Collect the id as a column of its own to tell such rows apart.",
        )
    setting = deployment.collections.get(found.collection) if deployment else None
    if setting and setting.sampling_rate < 1:
        yield Link(
            name,
            "missing",
            f"{found.collection} keeps {setting.sampling_rate:.0%} of the calls; this was not one.",
            "sampled",
            "Raise the sampling rate if single requests must be found.",
        )
    if (
        not evidence.has_inputs
        and len(evidence.neighbour_ids) >= LEAST_NEIGHBOURS
        and not evidence.neighbour_ids & found.ids
    ):
        yield Link(
            name,
            "missing",
            f"None of the hour's {found.lines:,} lines has the id of any of the "
            f"{len(evidence.neighbour_ids)} requests nearest in time: score.py does not pass the "
            "gateway's id on, and the collector makes up its own.",
            "id not propagated",
            "Pass BasicCorrelationContext(id=<the request's x-request-id>) to collect().",
        )
