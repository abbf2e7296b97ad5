"""What the managed endpoint's front door logs: AmlOnlineEndpointTrafficLog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sample.builder import names
from sample.builder.database import fill

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from sample.builder.plan import Plan

#: Requests of old clients carry a key, the traveller's app a token of its identity.
_QUERY = """
SELECT
    time AS TimeGenerated,
    '{region}' AS Location,
    'Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score' AS OperationName,
    'POST' AS Method,
    '/score' AS Path,
    '{workspace_guid}' AS AzureMLWorkspaceId,
    '{workspace}' AS AzureMLWorkspaceName,
    '{endpoint}' AS EndpointName,
    deployment::VARCHAR AS DeploymentName,
    'HTTP/1.1' AS Protocol,
    status AS ResponseCode,
    CASE status WHEN 200 THEN 'OK' WHEN 401 THEN 'Unauthorized' WHEN 408 THEN 'Request Timeout'
        WHEN 424 THEN 'Failed Dependency' WHEN 429 THEN 'Too Many Requests' ELSE '' END AS ResponseCodeReason,
    nullif(model_status, 0) AS ModelStatusCode,
    CASE model_status WHEN 200 THEN 'OK' WHEN 500 THEN 'Internal Server Error'
        WHEN 503 THEN 'Service Unavailable' ELSE '' END AS ModelStatusReason,
    {request_bytes} + hash(number) % 24 AS RequestPayloadSize,
    CASE status WHEN 200 THEN {response_bytes} + hash(number) % 9 ELSE 57 END AS ResponsePayloadSize,
    agent::VARCHAR AS UserAgent,
    request_id('{endpoint}', number) AS XRequestId,
    CASE WHEN agent::VARCHAR LIKE 'TravelApp%' THEN uuid_of('client/{endpoint}/' || number) ELSE '' END AS XMSClientRequestId,
    total_ms AS TotalDurationMs,
    least(total_ms, 1 + hash(number) % 4) AS RequestDurationMs,
    greatest(total_ms - 1, 0) AS ResponseDurationMs,
    0 AS RequestThrottlingDelayMs,
    0 AS ResponseThrottlingDelayMs,
    CASE WHEN agent::VARCHAR LIKE 'TravelApp%' THEN 'AMLToken' ELSE 'Key' END AS AuthType,
    '' AS IdentityData,
    1105.0 AS _BilledSize,
    '{resource}' AS _ResourceId
FROM request
"""
_BYTES = {"flight-delay": (352, 34), "flight-time": (244, 19), "digits": (1_180, 214)}


def write(
    connection: duckdb.DuckDBPyConnection, endpoint: str, requests: pd.DataFrame, plan: Plan
) -> None:
    """Write the traffic log of one endpoint: the requests of the last 31 days."""
    start = plan.logs_start.replace(tzinfo=None)
    connection.register("request", requests[requests["time"] >= start])
    request_bytes, response_bytes = _BYTES[endpoint]
    query = _QUERY.format(
        region=names.REGION,
        workspace_guid=names.WORKSPACE_GUID,
        workspace=names.WORKSPACE,
        endpoint=endpoint,
        request_bytes=request_bytes,
        response_bytes=response_bytes,
        resource=names.endpoint_id(endpoint).lower(),
    )
    fill(connection, "AmlOnlineEndpointTrafficLog", query)
    connection.unregister("request")
