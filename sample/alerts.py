"""Azure's list of fired alerts, answered from `alerts.json` as of the clock."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sample.transport import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sample.transport import Request, Route

#: Smaller than Azure's 250, so that every caller meets a second page.
ALERTS_A_PAGE = 20
RANGES = {
    "1h": timedelta(hours=1),
    "1d": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}


def routes(store: Path, clock: Callable[[], datetime]) -> list[Route]:
    """Return the route of the list of a subscription's alerts."""
    listed = re.compile(
        r"management\.azure\.com/subscriptions/(?P<subscription>[^/]+)"
        r"/providers/microsoft\.alertsmanagement/alerts",
        re.IGNORECASE,
    )
    return [("GET", listed, partial(_answer, store / "alerts.json", clock))]


def _answer(path: Path, clock: Callable[[], datetime], request: Request) -> Reply:
    if not request.headers.get("Authorization", "").startswith("Bearer "):
        return _refused(401, "AuthenticationFailed", "The 'Authorization' header is missing.")
    query = {name.lower(): text for name, text in request.query.items()}
    if not query.get("api-version"):
        return _refused(
            400, "MissingApiVersionParameter", "The api-version query parameter is required."
        )
    span = query.get("timerange", "1d")
    if span not in RANGES:
        return _refused(
            400, "BadRequest", f"The time range '{span}' is not one of {', '.join(RANGES)}."
        )
    now = clock().astimezone(UTC)
    kept = json.loads(path.read_bytes()) if path.is_file() else []
    subscription = request.groups["subscription"].lower()
    found = [
        _as_of(alert, now)
        for alert in kept
        if alert["id"].lower().split("/")[2] == subscription
        and now - RANGES[span] <= _time(alert, "startDateTime") <= now
        and _is_in_group(alert, query.get("targetresourcegroup", ""))
    ]
    return _page(request, found)


def _is_in_group(alert: Mapping[str, Any], group: str) -> bool:
    return not group or alert["properties"]["essentials"]["targetResourceGroup"] == group.lower()


def _as_of(alert: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return an alert as the service knew it then: fired, if it resolves later."""
    if _time(alert, "monitorConditionResolvedDateTime") <= now:
        return dict(alert)
    essentials = dict(alert["properties"]["essentials"])
    del essentials["monitorConditionResolvedDateTime"]
    essentials |= {"monitorCondition": "Fired", "lastModifiedDateTime": essentials["startDateTime"]}
    return {**alert, "properties": {"essentials": essentials}}


def _time(alert: Mapping[str, Any], name: str) -> datetime:
    text = alert["properties"]["essentials"][name]
    return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)


def _page(request: Request, found: list[dict[str, Any]]) -> Reply:
    at = int(request.query.get("$skipToken", "0"))
    body: dict[str, Any] = {"value": found[at : at + ALERTS_A_PAGE]}
    if at + ALERTS_A_PAGE < len(found):
        query = {**request.query, "$skipToken": str(at + ALERTS_A_PAGE)}
        body["nextLink"] = f"{request.url.partition('?')[0]}?{urlencode(query)}"
    return Reply(200, body)


def _refused(status: int, code: str, message: str) -> Reply:
    return Reply(status, {"error": {"code": code, "message": message}})
