"""Cost Management, answered from `costs.parquet`: actual cost by day and tag, some hours late."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import duckdb

from sample.transport import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sample.transport import Request, Route

#: How long after its end a day shows up in the bill.
LATE = timedelta(hours=8)
ROWS_A_PAGE = 1000
#: The columns of the file that are tags in Azure.
TAGS = {"azuremlendpoint": "endpoint", "azuremldeployment": "deployment"}


def routes(store: Path, clock: Callable[[], datetime]) -> list[Route]:
    """Return the route of the query API, for every scope."""
    query = re.compile(
        r"management\.azure\.com(?P<scope>/.*)/providers/microsoft\.costmanagement/query",
        re.IGNORECASE,
    )
    return [("POST", query, partial(_answer, store / "costs.parquet", clock))]


def _answer(path: Path, clock: Callable[[], datetime], request: Request) -> Reply:
    if not request.headers.get("Authorization", "").startswith("Bearer "):
        return _refused(401, "AuthenticationFailed", "The 'Authorization' header is missing.")
    try:
        asked = json.loads(request.body or b"{}")
        dataset = asked["dataset"]
        tags = [TAGS[each["name"].lower()] for each in dataset.get("grouping", ())]
        names = [each["name"] for each in dataset.get("grouping", ())]
        period = asked["timePeriod"]
        days = [datetime.fromisoformat(period[end]).date() for end in ("from", "to")]
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        return _refused(400, "BadRequest", f"Invalid query definition: {error!r}.")
    until = (clock().astimezone(UTC) - LATE - timedelta(days=1)).date()
    rows = _rows(path, tags, names, (days[0], min(days[1], until)))
    skip = int(request.query.get("$skiptoken", "0"))
    return Reply(200, _page(request, rows, names, skip))


def _rows(
    path: Path, tags: Sequence[str], names: Sequence[str], days: tuple[Any, Any]
) -> list[list[Any]]:
    if not path.is_file():
        return []
    keys = ", ".join(["day", *tags, "currency"])
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as con:
        found = con.execute(
            f"SELECT sum(cost), {keys} FROM read_parquet($path) "
            f"WHERE day BETWEEN $first AND $last GROUP BY {keys} ORDER BY {keys}",
            {"path": str(path), "first": days[0], "last": days[1]},
        ).fetchall()
    rows = []
    for cost, day, *values, currency in found:
        pairs = [part for pair in zip(names, values, strict=True) for part in pair]
        rows.append([round(cost, 6), int(f"{day:%Y%m%d}"), *pairs, currency])
    return rows


def _page(
    request: Request, rows: Sequence[list[Any]], names: Sequence[str], skip: int
) -> dict[str, Any]:
    columns = [{"name": "Cost", "type": "Number"}, {"name": "UsageDate", "type": "Number"}]
    for _ in names:
        columns += [{"name": "TagKey", "type": "String"}, {"name": "TagValue", "type": "String"}]
    columns.append({"name": "Currency", "type": "String"})
    end = skip + ROWS_A_PAGE
    link = None
    if end < len(rows):
        version = request.query.get("api-version", "")
        link = f"{request.url.partition('?')[0]}?api-version={version}&$skiptoken={end}"
    properties = {"nextLink": link, "columns": columns, "rows": rows[skip:end]}
    return {"name": "query", "type": "Microsoft.CostManagement/query", "properties": properties}


def _refused(status: int, code: str, message: str) -> Reply:
    return Reply(status, {"error": {"code": code, "message": message}})
