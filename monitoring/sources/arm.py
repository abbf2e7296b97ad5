"""Azure Resource Manager where no SDK client covers it: resources as the service's own JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from azure.core.rest import HttpRequest

if TYPE_CHECKING:
    from monitoring.sources.azure import Azure


def one(azure: Azure, path: str, query: Mapping[str, str]) -> dict[str, Any]:
    """GET one resource. Arguments and errors as in `listed`."""
    response = azure.monitor_client._send_request(HttpRequest("GET", path, params=dict(query)))  # noqa: SLF001 - see there
    response.raise_for_status()
    found: dict[str, Any] = response.json()
    return found


def listed(azure: Azure, path: str, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """GET a list, page by page.

    Args:
        path: Below management.azure.com, from `/subscriptions/` on.

    Raises:
        AzureError: Azure refused or did not answer; `failures.explained` puts it into words.
    """
    request = HttpRequest("GET", path, params=dict(query))
    while True:
        response = azure.monitor_client._send_request(request)  # noqa: SLF001 - the one way to an untyped GET
        response.raise_for_status()
        body = response.json()
        yield from body["value"]
        if not body.get("nextLink"):
            return
        request = HttpRequest("GET", body["nextLink"])
