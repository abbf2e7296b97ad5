"""What was collected of one request: the features sent, the prediction, and the label if it came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from monitoring.errors import MonitoringError
from monitoring.requests.collected_reasons import Evidence, why_missing
from monitoring.requests.link import Link
from monitoring.signals.collection import judging as collection
from monitoring.sources.cloud_events import KEY
from monitoring.sources.collected_lines import CollectedLines, find, hours_around
from monitoring.window import Window
from monitoring.workspace.collection_reasons import explain

if TYPE_CHECKING:
    from pathlib import Path

    from monitoring.requests.logged_request import LoggedRequest, LogLine, Surroundings
    from monitoring.sources.deployed import Deployed
    from monitoring.sources.metrics import PlatformMetrics
    from monitoring.workspace.endpoints import Deployment, Endpoint
    from monitoring.workspace.models import ModelVersion

FEATURES, PREDICTION, LABEL = "features", "prediction", "label"
#: Custom logging first: it holds columns; payload logging holds bodies of any shape.
INPUTS, OUTPUTS = ("model_inputs", "request"), ("model_outputs", "response")
_LATE = "not yet known"


@dataclass(frozen=True, slots=True)
class Label:
    """What turned out to be true. known: since when, UTC; None if the files do not say."""

    value: Any
    known: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectedRequest:
    """What was collected of a request; a link says of each part whether it is there.

    prediction: the answer in the column that the model's tags name. probabilities: by class; the
    empty text names the positive class of a binary model.
    """

    inputs: CollectedLines | None = None
    outputs: CollectedLines | None = None
    prediction: Any = None
    probabilities: Mapping[str, float] | None = None
    label: Label | None = None
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where to look: the workspace, and the deployment as the inventory knows it, if it still does."""

    deployed: Deployed
    metrics: PlatformMetrics
    endpoint: Endpoint | None
    deployment: Deployment | None
    now: datetime


def collected_request(
    request: LoggedRequest, place: Place, around: Surroundings, lines: Iterable[LogLine]
) -> CollectedRequest:
    """Return what was collected of a request. Whatever cannot be read becomes a missing link."""
    model, types = _model(place)
    neighbours = frozenset(each.request_id for each in around.neighbours) - {request.request_id}
    evidence = Evidence(
        request=request,
        deployment=place.deployment,
        found=CollectedLines("", ()),
        now=place.now,
        neighbour_ids=neighbours,
        lines=tuple(lines),
        refusal=partial(_refusal, place, request),
    )
    inputs, has_inputs = _lines(FEATURES, INPUTS, place, evidence, types)
    evidence = replace(evidence, has_inputs=inputs is not None)
    outputs, has_outputs = _lines(PREDICTION, OUTPUTS, place, evidence, {})
    label, has_label = _label(request, place, model, inputs, outputs)
    found = CollectedRequest(
        inputs=inputs,
        outputs=outputs,
        label=label,
        links=(has_inputs, has_outputs, has_label),
    )
    if outputs is None or model is None:
        return found
    prediction, probabilities = _answer(outputs.rows[0], model)
    return replace(found, prediction=prediction, probabilities=probabilities)


def _model(place: Place) -> tuple[ModelVersion | None, Mapping[str, str]]:
    """Return the model and the types of its training columns; without them JSON's types serve."""
    if place.deployment is None:
        return None, {}
    try:
        model = place.deployed.model(place.deployment)
    except MonitoringError:
        return None, {}
    try:
        return model, place.deployed.columns(model)
    except MonitoringError:
        return model, {}


def _lines(
    name: str,
    choices: tuple[str, str],
    place: Place,
    evidence: Evidence,
    types: Mapping[str, str],
) -> tuple[CollectedLines | None, Link]:
    request, deployment = evidence.request, place.deployment
    enabled = deployment.collections if deployment else {}
    collection_name = next(filter(enabled.get, choices), choices[0])
    # The folders keep the case of the names; the traffic log's are lower case here.
    endpoint = place.endpoint.name if place.endpoint else request.endpoint
    folder = deployment.name if deployment else request.deployment
    if not request.reached_model:
        missing = CollectedLines(collection_name, hours_around(request.time))
        return None, why_missing(name, replace(evidence, found=missing))
    try:
        found = find(
            place.deployed.collected,
            endpoint,
            folder,
            collection_name,
            request.request_id,
            request.time,
            types,
        )
        if not found.rows:
            return None, why_missing(name, replace(evidence, found=found))
    except MonitoringError as error:
        return None, Link.of_error(name, error)
    count = len(found.rows)
    words = f"{count} rows" if count > 1 else f"1 row of {len(found.rows[0])} columns"
    return found, Link(name, "found", f"{words} in {collection_name}, {found.time:%H:%M:%S} UTC.")


def _refusal(place: Place, request: LoggedRequest) -> tuple[str, str] | None:
    """Ask the endpoint's metrics whether records were lost in these minutes, and why."""
    if place.endpoint is None:
        return None
    minute = request.time.replace(second=0, microsecond=0)
    window = Window(minute - timedelta(minutes=1), minute + timedelta(minutes=2))
    try:
        found = collection.collected(place.metrics, [place.endpoint], window, window.length)
    except MonitoringError:
        return None
    here = found.get((request.endpoint, request.deployment))
    if here is None or not sum(here.lost_of(kind)[0] for kind in here.types):
        return None
    return explain(here.reason(0))


def _answer(row: Mapping[str, Any], model: ModelVersion) -> tuple[Any, Mapping[str, float] | None]:
    prefix = model.probability_column
    prediction = row.get(model.prediction_column or "")
    if prefix is None or model.task == "regression":
        return prediction, None
    if model.task == "binary_classification":
        chances = {"": row.get(prefix)}
    else:
        chances = {n.removeprefix(prefix): v for n, v in row.items() if n.startswith(prefix)}
    return prediction, {name: v for name, v in chances.items() if v is not None} or None


def _label(
    request: LoggedRequest,
    place: Place,
    model: ModelVersion | None,
    inputs: CollectedLines | None,
    outputs: CollectedLines | None,
) -> tuple[Label | None, Link]:
    if request.has_failed:
        words = "The request failed; there is no prediction that a label could belong to."
        return None, Link(LABEL, "none", words, "failed")
    if model is None:
        words = "The deployment's model is not known, so neither is where its labels arrive."
        return None, Link(LABEL, "missing", words, "model not known")
    collected = list(filter(None, (outputs, inputs)))
    key = collected[0].keys[0] if collected else f"{request.request_id}_0"
    times = {request.time, *filter(None, (each.time for each in collected))}
    try:
        label, link = _label_of(key, {time.date() for time in times}, place, model)
    except MonitoringError as error:
        return None, Link.of_error(LABEL, error)
    if link.cause == _LATE and outputs is None:
        words = "No label has this request's id; only collected predictions get one."
        return None, Link(LABEL, "none", words, "nothing to label")
    return label, link


def _label_of(
    key: str, days: set[date], place: Place, model: ModelVersion
) -> tuple[Label | None, Link]:
    target, path = model.needed("target_column"), place.deployed.labels_path(model)
    if path is None:
        words = f"The model {str(model.id)!r} does not say where its labels arrive."
        hint = "Add the tag ground_truth to the model version, e.g. azureml:<data asset>:1."
        return None, Link(LABEL, "missing", words, "no ground truth", hint)
    for day in sorted(days):
        if label := _known(place, path, day, target, key):
            since = f" since {label.known:%d %b %H:%M} UTC" if label.known else ""
            return label, Link(LABEL, "found", f"Known{since}.")
    words = "No label has arrived for this prediction; labels come late, and some never."
    return None, Link(LABEL, "missing", words, _LATE)


def _known(place: Place, path: str, day: date, target: str, key: str) -> Label | None:
    """Return the label of a row key that is known by now, the one known last."""
    found: list[Label] = []
    for file in place.deployed.collected.labels(path, Window.day(day)):
        found += _labels_in(file, target, key)
    oldest = datetime.min.replace(tzinfo=UTC)
    return max(found, key=lambda label: label.known or oldest, default=None)


def _labels_in(file: Path, target: str, key: str) -> list[Label]:
    names = pq.read_schema(file).names
    if KEY not in names or target not in names:
        return []
    wanted = [KEY, target, *(["known"] if "known" in names else [])]
    rows = pq.read_table(file, columns=wanted, filters=[(KEY, "==", key)]).to_pylist()
    return [
        Label(row[target], known.replace(tzinfo=known.tzinfo or UTC) if known else None)
        for row in rows
        if row[target] is not None
        for known in (row.get("known"),)
    ]
