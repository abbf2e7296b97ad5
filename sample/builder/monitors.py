"""Azure ML's own monitors of the sample workspace, as schedules."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sample.builder import names

if TYPE_CHECKING:
    from sample.builder.plan import Plan


def monitors(plan: Plan) -> Iterator[dict[str, Any]]:
    """Yield the monitors that exist today; flight-time's performance monitor was deleted."""
    drift = _signal("DataDrift", "flight-delay", "model_inputs", _drift(0.1, 0.1))
    answers = _signal("PredictionDrift", "flight-delay", "model_outputs", _drift(0.1, 0.1))
    quality = _signal("DataQuality", "flight-delay", "model_inputs", _quality(0.05, 0.02))
    signals = {"data_drift": drift, "prediction_drift": answers, "data_quality": quality}
    yield _schedule(plan, "flight-delay-monitor", "flight-delay", "classification", signals)
    drift = _signal("DataDrift", "flight-time", "model_inputs", _drift(0.1, 0.1))
    yield _schedule(plan, "flight-time-drift", "flight-time", "regression", {"data_drift": drift})


def _schedule(
    plan: Plan, name: str, endpoint: str, task: str, signals: dict[str, Any]
) -> dict[str, Any]:
    stamp = f"{plan.serving_start + timedelta(days=3, hours=8):%Y-%m-%dT%H:%M:%S}.0000000+00:00"
    definition = {
        "computeConfiguration": {
            "computeType": "ServerlessSpark",
            "runtimeVersion": "3.4",
            "instanceType": "standard_e4s_v3",
            "computeIdentity": {"computeIdentityType": "AmlToken"},
        },
        "monitoringTarget": {
            "taskType": task,
            "deploymentId": names.deployment_id(endpoint, "blue"),
        },
        "signals": signals,
        "alertNotificationSetting": {
            "alertNotificationType": "Email",
            "emailNotificationSetting": {
                "emails": [names.ANA],
                "emailOn": ["JobFailed", "JobCompleted"],
            },
        },
    }
    return {
        "id": f"{names.WORKSPACE_ID}/schedules/{name}",
        "name": name,
        "type": "Microsoft.MachineLearningServices/workspaces/schedules",
        "properties": {
            "displayName": name,
            "description": "",
            "tags": {},
            "properties": {},
            "isEnabled": True,
            "provisioningState": "Succeeded",
            "action": {"actionType": "CreateMonitor", "monitorDefinition": definition},
            "trigger": {
                "triggerType": "Recurrence",
                "frequency": "day",
                "interval": 1,
                "schedule": {"hours": [3], "minutes": [15]},
                "timeZone": "UTC",
            },
        },
        "systemData": {
            "createdAt": stamp,
            "createdBy": names.ANA,
            "createdByType": "User",
            "lastModifiedAt": stamp,
            "lastModifiedBy": names.ANA,
            "lastModifiedByType": "User",
        },
    }


def _signal(
    kind: str, endpoint: str, collection: str, thresholds: list[dict[str, Any]]
) -> dict[str, Any]:
    signal: dict[str, Any] = {
        "signalType": kind,
        "mode": "Enabled",
        "productionData": {
            "dataContext": collection,
            "jobInputType": "uri_folder",
            "uri": f"azureml:{endpoint}-blue-{collection}:1",
            "windowSize": "P1D",
            "windowOffset": "P0D",
            "inputDataType": "Trailing",
        },
        "referenceData": {
            "dataContext": "training",
            "columns": {"target_column": "was_late" if endpoint == "flight-delay" else "air_time"},
            "jobInputType": "mltable",
            "uri": f"azureml:{endpoint}-training:1",
            "inputDataType": "Fixed",
        },
        "metricThresholds": thresholds,
    }
    if kind != "PredictionDrift":
        signal["features"] = {"filterType": "TopNByAttribution", "top": 10}
    return signal


def _drift(numerical: float, categorical: float) -> list[dict[str, Any]]:
    return [
        _threshold("Numerical", "normalizedWassersteinDistance", numerical),
        _threshold("Categorical", "jensenShannonDistance", categorical),
    ]


def _quality(nulls: float, out_of_bounds: float) -> list[dict[str, Any]]:
    return [
        _threshold("Numerical", "nullValueRate", nulls),
        _threshold("Categorical", "outOfBoundsRate", out_of_bounds),
    ]


def _threshold(kind: str, metric: str, value: float) -> dict[str, Any]:
    return {"dataType": kind, "metric": metric, "threshold": {"value": value}}
