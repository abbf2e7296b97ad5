"""The Azure names and ids of the sample workspace."""

from __future__ import annotations

import zlib

SUBSCRIPTION = "00000000-0000-0000-0000-000000002013"
TENANT = "20130000-0000-0000-0000-0000000000aa"
RESOURCE_GROUP = "rg-flights"
WORKSPACE = "flights"
WORKSPACE_GUID = "20130000-0000-0000-0000-000000000002"
LOG_ANALYTICS_GUID = "20130000-0000-0000-0000-000000000001"
REGION = "westeurope"
REGISTRY = "airline-models"
STORAGE_ACCOUNT = "stflights2013"
CONTAINER = f"azureml-blobstore-{WORKSPACE_GUID}"
CLUSTER = "cpu-cluster"

_INSTANCES = ("k2x8q", "v7m4d", "q9t5w", "h3n6z")

ENDPOINTS = ("flight-delay", "flight-time", "digits")

SUBSCRIPTION_ID = f"/subscriptions/{SUBSCRIPTION}"
RESOURCE_GROUP_ID = f"{SUBSCRIPTION_ID}/resourceGroups/{RESOURCE_GROUP}"
_PROVIDERS = f"{RESOURCE_GROUP_ID}/providers"
WORKSPACE_ID = f"{_PROVIDERS}/Microsoft.MachineLearningServices/workspaces/{WORKSPACE}"
REGISTRY_ID = f"{_PROVIDERS}/Microsoft.MachineLearningServices/registries/{REGISTRY}"
LOG_ANALYTICS_ID = f"{_PROVIDERS}/Microsoft.OperationalInsights/workspaces/log-flights"
APP_INSIGHTS_ID = f"{_PROVIDERS}/Microsoft.Insights/components/appi-flights"
STORAGE_ID = f"{_PROVIDERS}/Microsoft.Storage/storageAccounts/{STORAGE_ACCOUNT}"
CLUSTER_ID = f"{WORKSPACE_ID}/computes/{CLUSTER}"

ANA = "ana.lopez@airline.example"
BEN = "ben.okafor@airline.example"
CHI = "chi.tanaka@airline.example"
PLATFORM_TEAM = "platform-team@airline.example"
PIPELINE = "20130000-0000-0000-0000-00000000c1c1"


def endpoint_id(endpoint: str) -> str:
    """Return the ARM id of an online endpoint."""
    return f"{WORKSPACE_ID}/onlineEndpoints/{endpoint}"


def deployment_id(endpoint: str, deployment: str) -> str:
    """Return the ARM id of a deployment."""
    return f"{endpoint_id(endpoint)}/deployments/{deployment}"


def model_id(model: str, version: str) -> str:
    """Return the ARM id of a model version in the workspace."""
    return f"{WORKSPACE_ID}/models/{model}/versions/{version}"


def data_id(asset: str, version: str) -> str:
    """Return the ARM id of a data asset version in the workspace."""
    return f"{WORKSPACE_ID}/data/{asset}/versions/{version}"


def instance_id(endpoint: str, deployment: str, number: int) -> str:
    """Return the id of one container of a deployment, as logs, metrics and collected files name it."""
    replica_set = f"{zlib.crc32(endpoint.encode()):08x}9"
    return f"{deployment}-{replica_set}-{_INSTANCES[number]}"
