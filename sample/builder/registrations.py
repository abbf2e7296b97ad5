"""Who registered, read and promoted models: the workspace's and the registry's own events."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from sample.builder import names
from sample.builder.activity import DEPLOYMENT_WRITE, MODEL_WRITE, Operation
from sample.builder.database import fill_rows
from sample.builder.plan import instant

if TYPE_CHECKING:
    import duckdb

    from sample.builder.plan import Plan

METRICS = (
    "Model Deploy Failed",
    "Model Deploy Started",
    "Model Deploy Succeeded",
    "Model Register Failed",
    "Model Register Succeeded",
)
#: Each deployment, promotion and audit reads the model in the registry.
READERS = (names.ANA, names.BEN, names.PIPELINE)


def metrics(operations: Sequence[Operation], plan: Plan) -> pd.DataFrame:
    """Return the workspace's model metrics: one row a registration or stage of a deployment."""
    rows = []
    for each in operations:
        if each.operation == MODEL_WRITE:
            rows.append(_metric(each.at, "Model Register Succeeded"))
        elif each.operation == DEPLOYMENT_WRITE:
            began = each.at - timedelta(minutes=each.minutes)
            rows.append(_metric(began, "Model Deploy Started"))
            rows.append(_metric(each.at, "Model Deploy Succeeded"))
    kept = [row for row in rows if row["minute"] >= instant(plan.metrics_start)]
    return pd.DataFrame(kept).sort_values("minute", kind="stable")


def _metric(at: datetime, name: str) -> dict[str, Any]:
    return {
        "resource_id": names.WORKSPACE_ID,
        "minute": instant(at.replace(second=0)),
        "Scenario": "Model",
        "StatusCode": "200",
        **{metric: float(metric == name) for metric in METRICS},
    }


def write(
    connection: duckdb.DuckDBPyConnection, operations: Sequence[Operation], plan: Plan
) -> None:
    """Write AmlModelsEvent and the registry's read and write events of the last 31 days."""
    written = [
        each for each in operations if each.operation == MODEL_WRITE and each.at >= plan.logs_start
    ]
    rows = [_model_event(each.at, each.caller, _model(each), "WRITE") for each in written]
    promotions = [each for each in written if _model(each) == "flight-delay"]
    writes = [
        _registry_event(each.at + timedelta(hours=1), each.caller, _model(each), _version(each))
        for each in promotions
    ]
    reads = []
    random = plan.random("registry")
    for day in range(-30, 2):
        for model, version in (("flight-delay", "1"), ("flight-time", "1"), ("digits", "1")):
            at = plan.midnight + timedelta(days=day, hours=3, seconds=int(random.integers(7_200)))
            reader = READERS[int(random.integers(len(READERS)))]
            reads.append(_registry_event(at, reader, model, version))
            rows.append(_model_event(at + timedelta(seconds=4), reader, model, "READ"))
    fill_rows(connection, "AmlModelsEvent", rows)
    fill_rows(connection, "AmlRegistryWriteEventsLog", writes)
    fill_rows(connection, "AmlRegistryReadEventsLog", reads)


def _model(operation: Operation) -> str:
    return operation.resource.split("/models/")[1].split("/")[0]


def _version(operation: Operation) -> str:
    return operation.resource.rsplit("/", 1)[-1]


def _identity(text: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, text))


def _model_event(at: datetime, caller: str, model: str, verb: str) -> dict[str, Any]:
    return {
        "TimeGenerated": at,
        "OperationName": f"MICROSOFT.MACHINELEARNINGSERVICES/WORKSPACES/MODELS/{verb}",
        "ResultType": "Succeeded",
        "ResultSignature": "201" if verb == "WRITE" else "200",
        "CorrelationId": _identity(f"{at}{model}{verb}"),
        "Identity": json.dumps({"UserName": caller, "UserObjectId": _identity(caller)}),
        "Level": "Informational",
        "AadTenantId": names.TENANT,
        "AmlModelName": model,
    }


def _registry_event(at: datetime, caller: str, model: str, version: str) -> dict[str, Any]:
    return {
        "TimeGenerated": at,
        "CorrelationId": _identity(f"{at}{model}registry"),
        "RegistryResourceId": names.REGISTRY_ID,
        "UserName": caller,
        "UserObjectId": _identity(caller),
        "RegistryTenantId": names.TENANT,
        "AssetName": model,
        "AssetVersion": version,
        "Labels": "",
        "_ResourceId": names.REGISTRY_ID.lower(),
    }
