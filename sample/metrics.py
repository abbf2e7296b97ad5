"""Azure Monitor's platform metrics, computed from the minutes in metrics.duckdb.

Two doors to the same numbers: `metrics:getBatch` for many resources of one type and region, and
the older GET below one resource. Limits, silent truncation and refusals are those of Azure.
"""

from __future__ import annotations

import json
import math
import re
import threading
import weakref
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeAlias

import duckdb

from sample.arm import JsonFile, Refusal, ResourceManager, utc
from sample.transport import Reply, Request, Route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

MOST_RESOURCES = 50
MOST_METRICS = 20
DEFAULT_TOP = 10
RETENTION = timedelta(days=93)
GRAINS = {
    "PT1M": timedelta(minutes=1),
    "PT5M": timedelta(minutes=5),
    "PT15M": timedelta(minutes=15),
    "PT30M": timedelta(minutes=30),
    "PT1H": timedelta(hours=1),
    "PT6H": timedelta(hours=6),
    "PT12H": timedelta(hours=12),
    "P1D": timedelta(days=1),
}
#: What Azure calls an aggregation -> what it is in SQL, over the values of the minutes.
AGGREGATIONS = {
    "average": "avg",
    "minimum": "min",
    "maximum": "max",
    "total": "sum",
    "count": "count",
}

Condition: TypeAlias = tuple[str, str]  # operator, value
#: Time and place of one series -> aggregation -> value.
Points: TypeAlias = dict[int, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Definition:
    """One row of the catalog."""

    namespace: str
    name: str
    table: str
    unit: str
    aggregations: tuple[str, ...]
    dimensions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about the metrics of some resources of one type."""

    definitions: tuple[Definition, ...]
    start: datetime
    end: datetime
    grain: timedelta
    aggregations: tuple[str, ...]
    where: Mapping[str, tuple[Condition, ...]]  # dimensions in lower case
    rolled_up: frozenset[str]
    top: int | None
    order: tuple[str, bool] | None

    @property
    def split_by(self) -> tuple[str, ...]:
        """The dimensions that part the series."""
        return tuple(name for name in self.where if name not in self.rolled_up)


@dataclass
class MetricStore:
    """The DuckDB file, opened once and read through a cursor for each request."""

    path: Path
    clock: Callable[[], datetime]
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a connection of its own, on which `metrics` is the attached file."""
        with self._lock:
            return self._connection.cursor()

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        # Left to itself, DuckDB looks for extensions on the network.
        offline = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
        connection = duckdb.connect(config={"threads": 2, **offline})
        path = str(self.path).replace("'", "''")
        connection.execute(f"ATTACH '{path}' AS metrics (READ_ONLY)")
        weakref.finalize(self, connection.close)  # DuckDB complains of what is open at exit
        return connection

    @cached_property
    def catalog(self) -> dict[str, tuple[Definition, ...]]:
        """The metrics of each resource type, lower case."""
        with self.cursor() as con:
            rows = con.execute(
                "SELECT namespace, metric, table_name, unit, aggregations, dimensions "
                "FROM metrics.main.catalog ORDER BY ALL"
            ).fetchall()
        found: dict[str, tuple[Definition, ...]] = {}
        for namespace, metric, table, unit, aggregations, dimensions in rows:
            definition = Definition(
                namespace, metric, table, unit, _names(aggregations), _names(dimensions)
            )
            found[namespace.lower()] = (*found.get(namespace.lower(), ()), definition)
        return found

    def points(
        self, table: str, definitions: Iterable[Definition], ids: list[str], question: Question
    ) -> dict[tuple[str, str, tuple[str, ...]], Points]:
        """Aggregate the minutes of some metrics of one table.

        Returns:
            Series by (resource id lower case, metric, values of the dimensions split by).
        """
        now = self.clock().replace(tzinfo=None)
        start, end = question.start.replace(tzinfo=None), question.end.replace(tzinfo=None)
        values: dict[str, Any] = {
            "ids": ids,
            "start": start,
            "from": max(start, now - RETENTION),
            "to": min(end, now),
            "seconds": question.grain.total_seconds(),
        }
        splits = [f"coalesce({_quoted(name)}::VARCHAR, '')" for name in question.split_by]
        columns = [
            f"{sql}({_quoted(d.name)})" for d in definitions for sql in AGGREGATIONS.values()
        ]
        condition = " AND ".join(_conditions(question.where, values))
        query = f"""
            SELECT lower(resource_id), floor(epoch(minute - $start) / $seconds)::BIGINT AS bucket,
                   {", ".join([*splits, *columns])}
            FROM metrics.main.{_quoted(table)}
            WHERE lower(resource_id) IN (SELECT unnest($ids)) AND minute >= $from AND minute < $to
                  {condition and "AND " + condition}
            GROUP BY {", ".join(str(n + 1) for n in range(2 + len(splits)))}
            """
        with self.cursor() as con:
            rows = con.execute(query, values).fetchall()
        return _series(rows, [d.name for d in definitions], len(splits))


def routes(store: Path, clock: Callable[[], datetime]) -> list[Route]:
    """Return the routes of the metrics data plane and of metrics below management.azure.com."""
    metrics = MetricStore(store / "metrics.duckdb", clock)
    resources = ResourceManager(JsonFile(store / "arm.json"), clock)
    batch = re.compile(
        r"(?P<region>[a-z0-9]+)\.metrics\.monitor\.azure\.com"
        r"/subscriptions/(?P<subscription>[^/]+)/metrics:getbatch",
        re.IGNORECASE,
    )
    below = r"management\.azure\.com(?P<resource>/.+)/providers/microsoft\.insights/"
    one = re.compile(below + "metrics", re.IGNORECASE)
    definitions = re.compile(below + "metricdefinitions", re.IGNORECASE)
    return [
        ("POST", batch, _checked(partial(_batch, metrics, resources), is_wrapped=True)),
        ("GET", one, _checked(partial(_one, metrics, resources), is_wrapped=False)),
        ("GET", definitions, _checked(partial(_definitions, metrics, resources), is_wrapped=False)),
    ]


def _checked(answer: Callable[[Request], Reply], *, is_wrapped: bool) -> Callable[[Request], Reply]:
    """Turn refusals into replies: `{"error": {code, message}}` in the batch API, bare in the other."""

    def checked(request: Request) -> Reply:
        try:
            if not request.headers.get("Authorization", "").startswith("Bearer "):
                raise Refusal(401, "Unauthorized", "The bearer token is missing.")  # noqa: TRY301 - one way out
            if not request.query.get("api-version"):
                raise _bad("The api-version query parameter (?api-version=) is required.")
            return answer(request)
        except Refusal as refusal:
            body = refusal.reply.body
            if is_wrapped or not isinstance(body, dict):
                return refusal.reply
            return Reply(refusal.reply.status, body["error"])

    return checked


def _batch(metrics: MetricStore, resources: ResourceManager, request: Request) -> Reply:
    ids = _batch_ids(request)
    query = {name.lower(): text for name, text in request.query.items()}
    namespace = query.get("metricnamespace", "")
    for resource in ids:
        if _resource_type(resource) != namespace.lower():
            raise _bad(f"The resource '{resource}' is not of the type '{namespace}'.")
    question = _question(metrics, namespace, query, query.get("filter", ""))
    # The service does not check the region: a resource that lives elsewhere has no data here.
    region, existing = request.groups["region"].lower(), resources.existing()
    here = [i for i in ids if _region(existing.get(i.lower())) in {region, ""}]
    answers = _answers(metrics, question, here)
    span = {"starttime": _stamp(question.start), "endtime": _stamp(question.end)}
    values = [
        {"cost": 0, **span, **_common(question, namespace, region), "resourceid": i}
        | {"value": answers.get(i.lower()) or [_metric(i, d, []) for d in question.definitions]}
        for i in ids
    ]
    return Reply(200, {"values": values})


def _batch_ids(request: Request) -> list[str]:
    try:
        ids = json.loads(request.body)["resourceids"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise _bad("The request body needs a 'resourceids' list.") from error
    if not ids or len(ids) > MOST_RESOURCES:
        raise _bad(
            f"The number of resource ids must be between 1 and {MOST_RESOURCES}, got {len(ids)}."
        )
    subscription = request.groups["subscription"].lower()
    for resource in ids:
        if not str(resource).lower().startswith(f"/subscriptions/{subscription}/"):
            raise _bad(f"The resource '{resource}' is not in the subscription '{subscription}'.")
    return [str(resource) for resource in ids]


def _one(metrics: MetricStore, resources: ResourceManager, request: Request) -> Reply:
    resource = resources.one(request.groups["resource"])
    query = {name.lower(): text for name, text in request.query.items()}
    if "/" in query.get("timespan", ""):
        query["starttime"], query["endtime"] = query["timespan"].split("/")
    namespace = query.get("metricnamespace") or _resource_type(resource["id"])
    question = _question(metrics, namespace, query, query.get("$filter", ""))
    answers = _answers(metrics, question, [resource["id"]])
    body = {
        "cost": 0,
        "timespan": f"{_stamp(question.start)}/{_stamp(question.end)}",
        **_common(question, namespace, _region(resource)),
        "value": answers[resource["id"].lower()],
    }
    return Reply(200, body)


def _definitions(metrics: MetricStore, resources: ResourceManager, request: Request) -> Reply:
    resource = resources.one(request.groups["resource"])
    found = metrics.catalog.get(_resource_type(resource["id"]), ())
    return Reply(200, {"value": [_definition(resource["id"], d) for d in found]})


def _definition(resource: str, definition: Definition) -> dict[str, Any]:
    return {
        "id": f"{resource}/providers/microsoft.insights/metricdefinitions/{definition.name}",
        "resourceId": resource,
        "namespace": definition.namespace,
        "name": {"value": definition.name, "localizedValue": definition.name},
        "unit": definition.unit,
        "primaryAggregationType": definition.aggregations[0],
        "supportedAggregationTypes": list(definition.aggregations),
        "metricAvailabilities": [{"timeGrain": g, "retention": "P93D"} for g in GRAINS],
        "isDimensionRequired": False,
        "dimensions": [{"value": d, "localizedValue": d} for d in definition.dimensions],
    }


def _question(
    metrics: MetricStore, namespace: str, query: Mapping[str, str], text: str
) -> Question:
    definitions = _asked_metrics(metrics, namespace, query.get("metricnames", ""))
    where = _filter(text)
    for definition in definitions:
        if not set(where) <= {name.lower() for name in definition.dimensions}:
            raise _bad(
                f"Metric: {definition.name} does not support requested dimension combination: "
                f"{','.join(where)}, supported ones are: {','.join(definition.dimensions)}"
            )
    start, end = _span(metrics, query)
    return Question(
        definitions=definitions,
        start=start,
        end=end,
        grain=_grain(query.get("interval") or "PT1M", end - start),
        aggregations=_aggregations(query.get("aggregation") or "Average"),
        where=where,
        rolled_up=frozenset(name.lower() for name in _names(query.get("rollupby"))),
        top=_top(query.get("top"), is_filtered=bool(where)),
        order=_order(query.get("orderby", "")),
    )


def _asked_metrics(metrics: MetricStore, namespace: str, names: str) -> tuple[Definition, ...]:
    known = {d.name.lower(): d for d in metrics.catalog.get(namespace.lower(), ())}
    asked = _names(names)
    if not asked:
        raise _bad("The query parameter metricnames is required.")
    if len(asked) > MOST_METRICS:
        raise _bad(f"At most {MOST_METRICS} metric names can be asked for, got {len(asked)}.")
    for name in asked:
        if name.lower() not in known:
            provider, _, kind = namespace.partition("/")
            raise _bad(
                f"Failed to find metric configuration for provider: {provider}, resource Type: "
                f"{kind}, metric: {name}, Valid metrics: {','.join(d.name for d in known.values())}"
            )
    return tuple(known[name.lower()] for name in asked)


def _filter(text: str) -> dict[str, tuple[Condition, ...]]:
    """Read `deployment eq '*' and statusCode eq '200' or statusCode eq '429'`."""
    where: dict[str, tuple[Condition, ...]] = {}
    term = re.compile(
        r"\s*([^']+?)\s+(eq|ne|sw)\s+'((?:[^']|'')*)'\s*(and\b|or\b|$)", re.IGNORECASE
    )
    at, joined_by, last = 0, "and", ""
    while at < len(text.rstrip()):
        match = term.match(text, at)
        if not match:
            raise _bad(f"Invalid filter: {text}")
        name = match[1].lower()
        if (joined_by == "or") != (name == last):
            raise _bad(f"Invalid filter: {text}. 'or' must join values of one metadata name only.")
        where[name] = (*where.get(name, ()), (match[2].lower(), match[3].replace("''", "'")))
        at, joined_by, last = match.end(), match[4].lower(), name
    return where


def _conditions(where: Mapping[str, tuple[Condition, ...]], values: dict[str, Any]) -> list[str]:
    """Return the filter in SQL; its texts go to `values`. Case does not matter, as in Azure."""
    templates = {"eq": "{} = {}", "ne": "{} != {}", "sw": "starts_with({}, {})"}
    found = []
    for name, conditions in where.items():
        terms = []
        for operator, text in conditions:
            if text != "*":
                key = f"value{len(values)}"
                values[key] = text.lower()
                column = f"lower(coalesce({_quoted(name)}::VARCHAR, ''))"
                terms.append(templates[operator].format(column, f"${key}"))
        is_open = any(text == "*" for _, text in conditions)
        if terms and not is_open:
            joint = " AND " if conditions[0][0] == "ne" else " OR "
            found.append(f"({joint.join(terms)})")
    return found


def _span(metrics: MetricStore, query: Mapping[str, str]) -> tuple[datetime, datetime]:
    now = metrics.clock()
    try:
        end = utc(query["endtime"]) if query.get("endtime") else now
        start = utc(query["starttime"]) if query.get("starttime") else end - timedelta(hours=1)
    except ValueError as error:
        raise _bad("Invalid time: it must be written as yyyy-MM-ddTHH:mm:ss.fffZ.") from error
    if start >= end:
        raise _bad(f"The start time {_stamp(start)} is not before the end time {_stamp(end)}.")
    return start.replace(second=0, microsecond=0), end


def _grain(text: str, span: timedelta) -> timedelta:
    if text.upper() == "FULL":
        return span
    if text.upper() not in GRAINS:
        raise _bad(
            f"Detected invalid time grain input: {text}, supported ones are: {','.join(GRAINS)}"
        )
    return GRAINS[text.upper()]


def _aggregations(text: str) -> tuple[str, ...]:
    names = tuple(name.lower() for name in _names(text))
    if unknown := [name for name in names if name not in AGGREGATIONS]:
        raise _bad(f"Invalid aggregation type: {unknown[0]}, supported: {','.join(AGGREGATIONS)}")
    return names


def _top(text: str | None, *, is_filtered: bool) -> int | None:
    if not is_filtered:
        return None
    if text is not None and not text.isdigit():
        raise _bad(f"Invalid top: {text}")
    return int(text or DEFAULT_TOP)


def _order(text: str) -> tuple[str, bool] | None:
    if not text:
        return None
    name, _, direction = text.lower().partition(" ")
    name = {"sum": "total", "avg": "average", "min": "minimum", "max": "maximum"}.get(name, name)
    if name not in AGGREGATIONS or direction.strip() not in {"", "asc", "desc"}:
        raise _bad(f"Invalid orderby: {text}")
    return name, direction.strip() == "desc"


def _series(
    rows: list[tuple[Any, ...]], metrics: list[str], splits: int
) -> dict[tuple[str, str, tuple[str, ...]], Points]:
    width, first = len(AGGREGATIONS), 2 + splits
    found: dict[tuple[str, str, tuple[str, ...]], Points] = {}
    for row in rows:
        resource, bucket, dimensions = row[0], row[1], tuple(row[2:first])
        for at, metric in enumerate(metrics):
            values = row[first + at * width : first + (at + 1) * width]
            if values[-1]:  # a count of 0: this metric has nothing here
                point = dict(zip(AGGREGATIONS, map(float, values), strict=True))
                found.setdefault((resource, metric, dimensions), {})[bucket] = point
    return found


def _answers(
    metrics: MetricStore, question: Question, ids: list[str]
) -> dict[str, list[dict[str, Any]]]:
    """Return the `value` list of each resource, by lower-case id."""
    lower = [i.lower() for i in ids]
    found: dict[tuple[str, str, tuple[str, ...]], Points] = {}
    for table in dict.fromkeys(d.table for d in question.definitions):
        asked = [d for d in question.definitions if d.table == table]
        found |= metrics.points(table, asked, lower, question)
    stamps = _stamps(question)
    return {
        i.lower(): [
            _metric(i, d, _timeseries(question, d, stamps, _of(found, i.lower(), d.name)))
            for d in question.definitions
        ]
        for i in ids
    }


def _of(
    found: dict[tuple[str, str, tuple[str, ...]], Points], resource: str, metric: str
) -> dict[tuple[str, ...], Points]:
    return {key[2]: points for key, points in found.items() if key[:2] == (resource, metric)}


def _timeseries(
    question: Question,
    definition: Definition,
    stamps: list[str],
    found: dict[tuple[str, ...], Points],
) -> list[dict[str, Any]]:
    keys = sorted(found)
    if question.order:
        name, is_descending = question.order
        keys.sort(key=lambda key: _overall(found[key], name), reverse=is_descending)
    offered = {name.lower() for name in definition.aggregations}
    names = [name for name in question.aggregations if name in offered]
    return [
        {
            "metadatavalues": [
                {"name": {"value": name, "localizedValue": name}, "value": text}
                for name, text in zip(question.split_by, key, strict=True)
            ],
            "data": [
                {"timeStamp": stamp} | {n: p[n] for n in names if p}
                for at, stamp in enumerate(stamps)
                for p in [found[key].get(at, {})]
            ],
        }
        for key in keys[: question.top]
    ]


def _overall(points: Points, name: str) -> float:
    values = [point[name] for point in points.values()]
    if name in {"minimum", "maximum"}:
        return min(values) if name == "minimum" else max(values)
    return math.fsum(values) / (len(values) if name == "average" else 1)


def _stamps(question: Question) -> list[str]:
    steps = math.ceil((question.end - question.start) / question.grain)
    return [_stamp(question.start + step * question.grain) for step in range(steps)]


def _metric(
    resource: str, definition: Definition, timeseries: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "id": f"{resource}/providers/Microsoft.Insights/metrics/{definition.name}",
        "type": "Microsoft.Insights/metrics",
        "name": {"value": definition.name, "localizedValue": definition.name},
        "displayDescription": definition.name,
        "unit": definition.unit,
        "timeseries": timeseries,
        "errorCode": "Success",
    }


def _common(question: Question, namespace: str, region: str) -> dict[str, str]:
    names = {grain: name for name, grain in GRAINS.items()}
    return {
        "interval": names.get(question.grain, "FULL"),
        "namespace": namespace,
        "resourceregion": region,
    }


def _resource_type(resource: str) -> str:
    """Return the namespace of a resource's metrics, lower case.

    >>> _resource_type("/subscriptions/s/resourceGroups/g/providers/A.B/workspaces/w/onlineEndpoints/e")
    'a.b/workspaces/onlineendpoints'
    """
    namespace, *rest = resource.lower().rpartition("/providers/")[2].split("/")
    return "/".join([namespace, *rest[::2]])


def _region(resource: Mapping[str, Any] | None) -> str:
    return str((resource or {}).get("location") or "").replace(" ", "").lower()


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def _stamp(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _bad(message: str) -> Refusal:
    return Refusal(400, "BadRequest", message)
