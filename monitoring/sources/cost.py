"""Cost Management: what the workspace was billed a day, by endpoint and deployment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from azure.core.rest import HttpRequest

from monitoring.errors import SourceError
from monitoring.sources.failures import explained

if TYPE_CHECKING:
    from monitoring.sources.azure import Azure
    from monitoring.window import Window

API_VERSION = "2025-03-01"
#: The tags by which Azure ML splits the bill of a workspace.
ENDPOINT_TAG, DEPLOYMENT_TAG = "azuremlendpoint", "azuremldeployment"
_ROLE = "Cost Management Reader or Billing Reader on the resource group"
_BUSY = 429
#: Cost Management has a limit of its own, and says in a header of its own how long to wait.
_RETRY_AFTER = "x-ms-ratelimit-microsoft.costmanagement-qpu-retry-after"


@dataclass(frozen=True, slots=True)
class BilledDay:
    """What one deployment was billed on one UTC day; both names "" for what has no endpoint."""

    day: date
    endpoint: str
    deployment: str
    cost: float
    currency: str


@dataclass(frozen=True, slots=True)
class Bill:
    """The bill of some days, oldest first, and when it was asked for."""

    days: tuple[BilledDay, ...]
    fetched: datetime


@dataclass
class CostManagement:
    """Asks for actual cost. It is hours old and the calls are few: keep an answer for an hour."""

    azure: Azure

    def daily(self, window: Window) -> Bill:
        """Return the actual cost of each deployment on each UTC day that the window touches.

        One call groups by both tags at once: Azure allows two.

        Raises:
            NotPermittedError: The identity may not read cost.
            SourceError: Azure did not answer.
        """
        fetched = self.azure.settings.clock()
        with explained(f"the cost of the workspace {self.azure.workspace!r}", role=_ROLE):
            rows = [row for page in self._pages(_asked(self.azure, window)) for row in _rows(page)]
        return Bill(tuple(sorted(rows, key=lambda r: (r.day, r.endpoint, r.deployment))), fetched)

    def _pages(self, body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        group = (
            f"/subscriptions/{self.azure.subscription_id}"
            f"/resourceGroups/{self.azure.resource_group}"
        )
        url = f"{group}/providers/Microsoft.CostManagement/query?api-version={API_VERSION}"
        while url:
            request = HttpRequest("POST", url, json=body)
            response = self.azure.monitor_client._send_request(request)  # noqa: SLF001 - the one way to an untyped POST
            if response.status_code == _BUSY:
                raise _busy(response.headers)
            response.raise_for_status()
            page = response.json()
            yield page["properties"]
            url = page["properties"].get("nextLink") or ""


def _asked(azure: Azure, window: Window) -> dict[str, Any]:
    days = window.days()
    return {
        "type": "ActualCost",
        "timeframe": "Custom",
        "timePeriod": {"from": f"{days[0]}T00:00:00Z", "to": f"{days[-1]}T23:59:59Z"},
        "dataset": {
            "granularity": "Daily",
            "aggregation": {"totalCost": {"name": "Cost", "function": "Sum"}},
            "grouping": [
                {"type": "TagKey", "name": ENDPOINT_TAG},
                {"type": "TagKey", "name": DEPLOYMENT_TAG},
            ],
            # An endpoint's cost accrues on its workspace, and is told apart by tags only.
            "filter": {
                "dimensions": {
                    "name": "ResourceId",
                    "operator": "In",
                    "values": [azure.workspace_id],
                }
            },
        },
    }


def _rows(page: Mapping[str, Any]) -> Iterator[BilledDay]:
    names = [str(column["name"]).lower() for column in page["columns"]]
    cost = next(n for n, name in enumerate(names) if name in {"cost", "totalcost", "pretaxcost"})
    day, currency = names.index("usagedate"), names.index("currency")
    for row in page["rows"]:
        tags = _tags([value for n, value in enumerate(row) if n not in {cost, day, currency}])
        yield BilledDay(
            day=_date(row[day]),
            endpoint=tags.get(ENDPOINT_TAG, ""),
            deployment=tags.get(DEPLOYMENT_TAG, ""),
            cost=float(row[cost]),
            currency=str(row[currency]),
        )


def _tags(values: Sequence[Any]) -> dict[str, str]:
    """Read the pairs of tag and value, which share the names of their columns.

    >>> _tags(["azuremlendpoint", "credit", "azuremldeployment", None])
    {'azuremlendpoint': 'credit', 'azuremldeployment': ''}
    """
    texts = [str(value or "").lower() for value in values]
    return dict(zip(texts[::2], texts[1::2], strict=False))


def _date(number: Any) -> date:
    """Read a day, which comes as the number yyyymmdd.

    >>> _date(20260131)
    datetime.date(2026, 1, 31)
    """
    year, rest = divmod(int(number), 10_000)
    return date(year, *divmod(rest, 100))


def _busy(headers: Mapping[str, str]) -> SourceError:
    wait = str(headers.get(_RETRY_AFTER) or headers.get("Retry-After") or "")
    return SourceError(
        "Cannot read the cost: Cost Management has had too many questions (HTTP 429)",
        hint=f"Try again in {wait} s." if wait.isdigit() else "Try again in some minutes.",
    )
