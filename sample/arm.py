"""Azure Resource Manager, the registry data plane and the activity log, answered from JSON files.

`arm.json` holds the resources and `activity.json` the events. Whatever was created, or became
known, after the clock is not there yet. Bodies, status codes and refusals are those of Azure.
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlencode

import duckdb

from sample import alerts, cost
from sample.transport import Reply, Request, Route

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

Resource: TypeAlias = dict[str, Any]

#: Smaller than Azure's, so that every caller meets a second page.
RESOURCES_A_PAGE = 5
EVENTS_A_PAGE = 50
ACTIVITY_RETENTION = timedelta(days=90)

#: The listable children of each type of resource, lower case.
CHILDREN = {
    "workspaces": {
        "onlineendpoints",
        "batchendpoints",
        "models",
        "data",
        "environments",
        "components",
        "datastores",
        "computes",
        "jobs",
        "schedules",
        "connections",
    },
    "registries": {"models", "data", "environments", "components"},
    "onlineendpoints": {"deployments"},
    "models": {"versions"},
    "data": {"versions"},
    "environments": {"versions"},
    "components": {"versions"},
}
_REGISTRY_HOST = r"(?:[a-z0-9-]+\.api\.azureml\.ms|cert-[a-z0-9-]+\.experiments\.azureml\.net)"
_CLIENT = "the identity of the sample workspace"


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """Azure's answer when it does not do what was asked."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.reply = Reply(status, {"error": {"code": code, "message": message}})


@dataclass(frozen=True, slots=True)
class JsonFile:
    """A JSON file that is parsed again only when it has changed."""

    path: Path
    _parsed: dict[tuple[int, int], Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self) -> Any:
        """Return its content, not to be changed by the caller."""
        stat = self.path.stat()
        version = (stat.st_mtime_ns, stat.st_size)
        with self._lock:
            if version not in self._parsed:
                self._parsed.clear()
                self._parsed[version] = json.loads(self.path.read_bytes())
            return self._parsed[version]


@dataclass(frozen=True, slots=True)
class ResourceManager:
    """What exists at the clock's time, by resource id."""

    document: JsonFile
    clock: Callable[[], datetime]

    def existing(self) -> dict[str, Resource]:
        """Return the resources by lower-case id."""
        now = self.clock()
        return {
            str(r["id"]).lower().rstrip("/"): r
            for r in self.document.read()["resources"]
            if created(r) <= now
        }

    def one(self, path: str) -> Resource:
        """Return the resource of this id.

        Raises:
            Refusal: Nothing has this id.
        """
        if (found := self.existing().get(path.lower())) is None:
            raise _not_found(path)
        return found

    def children(self, path: str) -> list[Resource]:
        """Return the resources right below a collection such as `<workspace>/models`.

        Raises:
            Refusal: The parent does not exist, or has no such collection.
        """
        existing = self.existing()
        parent, _, kind = path.lower().rpartition("/")
        found = [r for key, r in existing.items() if key.rpartition("/")[0] == path.lower()]
        if not found and parent not in existing:
            raise _not_found(path.rpartition("/")[0])
        if not found and kind not in CHILDREN.get(_kind(parent), ()):
            raise _no_such_type(path)
        return found

    def in_scope(self, scope: str, kind: str) -> list[Resource]:
        """Return the resources of a type, such as `microsoft.insights/autoscalesettings`, in a scope."""
        return [
            r
            for key, r in self.existing().items()
            if key.startswith(scope.lower() + "/") and _type(key) == kind.lower()
        ]


def routes(store: Path, clock: Callable[[], datetime]) -> list[Route]:
    """Return the routes of management.azure.com and of the registries."""
    resources = ResourceManager(JsonFile(store / "arm.json"), clock)
    events = JsonFile(store / "activity.json")
    # Metrics share the host and the scheme of paths, and are answered elsewhere.
    arm = re.compile(
        r"management\.azure\.com(?P<path>/(?!.*/providers/microsoft\.insights/metric).*)",
        re.IGNORECASE,
    )
    machine_learning = re.compile(
        r"management\.azure\.com(?P<path>/.*/providers/microsoft\.machinelearningservices/.*)",
        re.IGNORECASE,
    )
    activity = re.compile(
        r"management\.azure\.com/subscriptions/(?P<subscription>[^/]+)"
        r"/providers/microsoft\.insights/eventtypes/management/values",
        re.IGNORECASE,
    )
    discovery = re.compile(
        r"[a-z0-9-]+\.api\.azureml\.ms/registrymanagement/v1\.0"
        r"/registries/(?P<registry>[^/]+)/discovery",
        re.IGNORECASE,
    )
    registry = re.compile(
        _REGISTRY_HOST + r"/mferp/managementfrontend(?P<path>/subscriptions/.*)", re.IGNORECASE
    )
    return [
        *alerts.routes(store, clock),
        *cost.routes(store, clock),
        ("GET", activity, _checked(partial(_activity, events, clock))),
        ("GET", arm, _checked(partial(_get, resources))),
        ("GET", discovery, _checked(partial(_discovery, resources))),
        ("GET", registry, _checked(partial(_get_from_registry, resources))),
        ("POST", machine_learning, _checked(partial(_post, resources, store, clock))),
        *((method, arm, _checked(_refused)) for method in ("PUT", "PATCH", "DELETE")),
    ]


def created(resource: Resource) -> datetime:
    """Return when a resource came to exist; at the beginning of time if it does not say."""
    text = (resource.get("systemData") or {}).get("createdAt")
    return utc(text) if text else datetime.min.replace(tzinfo=UTC)


def utc(text: str) -> datetime:
    """Read an ISO time; without a zone it is UTC, and the seventh digit is dropped."""
    time = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    return time.replace(tzinfo=time.tzinfo or UTC).astimezone(UTC)


def _checked(answer: Callable[[Request], Reply]) -> Callable[[Request], Reply]:
    """Refuse what Azure refuses before it looks at the path."""

    def checked(request: Request) -> Reply:
        try:
            if not request.headers.get("Authorization", "").startswith("Bearer "):
                message = "Authentication failed. The 'Authorization' header is missing."
                raise Refusal(401, "AuthenticationFailed", message)  # noqa: TRY301 - one way out
            if not request.query.get("api-version"):
                message = (
                    "The api-version query parameter (?api-version=) is required for all requests."
                )
                raise Refusal(400, "MissingApiVersionParameter", message)  # noqa: TRY301 - same
            return answer(request)
        except Refusal as refusal:
            return refusal.reply

    return checked


def _get(resources: ResourceManager, request: Request) -> Reply:
    path = request.groups["path"].rstrip("/")
    if path.lower().endswith("/providers/microsoft.insights/diagnosticsettings"):
        resource = path[: path.lower().index("/providers/microsoft.insights/")]
        resources.one(resource)
        found = [
            r for key, r in resources.existing().items() if key.rpartition("/")[0] == path.lower()
        ]
        return Reply(200, {"value": found})
    scope = re.fullmatch(
        r"(?P<scope>/subscriptions/[^/]+(?:/resourcegroups/[^/]+)?)/providers/(?P<kind>[^/]+/[^/]+)",
        path,
        re.IGNORECASE,
    )
    if scope:
        _known_scope(resources, scope["scope"])
        return _page(request, resources.in_scope(scope["scope"], scope["kind"]), RESOURCES_A_PAGE)
    if _is_resource(path):
        return Reply(200, resources.one(path))
    return _page(request, _listed(request, resources.children(path)), RESOURCES_A_PAGE)


def _get_from_registry(resources: ResourceManager, request: Request) -> Reply:
    reply = _get(resources, request)
    body = reply.body
    if isinstance(body, dict) and isinstance(body.get("value"), list):
        return Reply(200, body | {"value": [_as_registry_asset(r) for r in body["value"]]})
    return Reply(200, _as_registry_asset(body))  # type: ignore[arg-type]  # _get answers dicts


def _as_registry_asset(resource: Resource) -> Resource:
    """Return it with the id that the registry's own data plane gives: azureml://registries/..."""
    parts = resource["id"].strip("/").split("/")
    at = [part.lower() for part in parts].index("registries")
    return resource | {"id": "azureml://" + "/".join(["registries", *parts[at + 1 :]])}


def _discovery(resources: ResourceManager, request: Request) -> Reply:
    name = request.groups["registry"]
    registries = [
        r
        for key, r in resources.existing().items()
        if _kind(key) == "registries" and r["name"].lower() == name.lower()
    ]
    if not registries:
        raise Refusal(404, "UserError", f"Registry with name {name} not found.")
    registry = registries[0]
    parts = registry["id"].strip("/").split("/")
    return Reply(
        200,
        {
            "registryName": registry["name"],
            "primaryRegion": registry["location"],
            "primaryRegionResourceProviderUri": f"https://{registry['location']}.api.azureml.ms/",
            "subscriptionId": parts[1],
            "resourceGroup": parts[3],
        },
    )


def _listed(request: Request, found: list[Resource]) -> list[Resource]:
    """Apply what a list may be asked for: view type, order, default store, top."""
    query = {name.lower(): text for name, text in request.query.items()}
    listed = [r for r in found if _is_in_view(r, _kind_listed(request), query)]
    if "isdefault" in query:
        wanted = query["isdefault"].lower() == "true"
        listed = [r for r in listed if bool(r["properties"].get("isDefault")) == wanted]
    if _kind_listed(request) == "versions":  # the newest first, as the service lists them
        listed.sort(key=created, reverse=True)
    return listed


def _kind_listed(request: Request) -> str:
    return request.groups["path"].rstrip("/").rpartition("/")[2].lower()


def _is_in_view(resource: Resource, kind: str, query: Mapping[str, str]) -> bool:
    # The SDK sends the registry's view as the name of its enumeration: ListViewType.ACTIVE_ONLY.
    view = query.get("listviewtype", "").rpartition(".")[2].replace("_", "").lower()
    properties = resource.get("properties", {})
    if kind == "schedules":
        is_on, only = (
            properties.get("isEnabled", True),
            {"enabledonly": True, "disabledonly": False},
        )
        return bool(is_on) == only.get(view or "enabledonly", bool(is_on))
    is_archived, only = (
        properties.get("isArchived", False),
        {"activeonly": False, "archivedonly": True},
    )
    return bool(is_archived) == only.get(view or "activeonly", bool(is_archived))


def _page(request: Request, items: Sequence[Resource], size: int) -> Reply:
    """Answer one page; `nextLink` is the same request with a `$skipToken`."""
    skip = next((v for k, v in request.query.items() if k.lower() == "$skiptoken"), "0")
    if not skip.isdigit():
        raise Refusal(400, "InvalidSkipToken", f"The skip token '{skip}' is not valid.")
    top = next((int(v) for k, v in request.query.items() if k.lower() == "$top"), size)
    start, end = int(skip), int(skip) + min(size, top)
    body: dict[str, Any] = {"value": list(items[start:end])}
    if end < len(items):
        query = {k: v for k, v in request.query.items() if k.lower() != "$skiptoken"}
        link = urlencode(query | {"$skipToken": str(end)})
        body["nextLink"] = f"{request.url.partition('?')[0]}?{link}"
    return Reply(200, body)


def _activity(events: JsonFile, clock: Callable[[], datetime], request: Request) -> Reply:
    now = clock()
    asked = _activity_filter(request.query.get("$filter", ""))
    if asked["start"] < now - ACTIVITY_RETENTION - timedelta(minutes=1):
        message = "Retention: The start time cannot be more than 90 day(s) in the past."
        raise Refusal(400, "BadRequest", message)
    found = [
        event
        for event in events.read()
        if event["subscriptionId"].lower() == request.groups["subscription"].lower()
        and asked["start"] <= utc(event["eventTimestamp"]) <= asked["end"]
        # The log knows an event some minutes after it happened.
        and utc(event.get("submissionTimestamp") or event["eventTimestamp"]) <= now
        and _matches(event, asked["name"], asked["text"])
    ]
    found.sort(key=lambda event: utc(event["eventTimestamp"]), reverse=True)
    if select := request.query.get("$select"):
        names = {name.strip() for name in select.split(",")}
        found = [{k: v for k, v in event.items() if k in names} for event in found]
    return _page(request, found, EVENTS_A_PAGE)


def _activity_filter(text: str) -> dict[str, Any]:
    """Read the one grammar that the activity log allows: a time range and at most one name."""
    asked: dict[str, Any] = {"end": datetime.max.replace(tzinfo=UTC), "name": "", "text": ""}
    bounds = {"ge": "start", "le": "end"}
    for term in re.split(r"\s+and\s+", text.strip(), flags=re.IGNORECASE):
        match = re.fullmatch(r"(\w+)\s+(eq|ge|le)\s+'([^']*)'", term.strip(), re.IGNORECASE)
        name, operator, value = (
            (match[1].lower(), match[2].lower(), match[3]) if match else ("",) * 3
        )
        if name == "eventtimestamp" and bounds.get(operator) and _is_time(value):
            asked[bounds[operator]] = utc(value)
        elif operator == "eq" and name in _EVENT_KEYS and not asked["name"]:
            asked |= {"name": name, "text": value}
        else:
            raise Refusal(400, "BadRequest", f"The filter '{text}' is not supported: '{term}'.")
    if "start" not in asked:
        raise Refusal(400, "BadRequest", "The filter requires at least a start date/time.")
    return asked


def _is_time(text: str) -> bool:
    try:
        utc(text)
    except ValueError:
        return False
    return True


_EVENT_KEYS: dict[str, Callable[[Resource], str]] = {
    "resourcegroupname": lambda event: str(event.get("resourceGroupName") or ""),
    "resourceuri": lambda event: str(event.get("resourceId") or ""),
    "resourceprovider": lambda event: str((event.get("resourceProviderName") or {}).get("value")),
    "correlationid": lambda event: str(event.get("correlationId") or ""),
}


def _matches(event: Resource, name: str, text: str) -> bool:
    return not name or _EVENT_KEYS[name](event).lower() == text.lower()


def _post(
    resources: ResourceManager, store: Path, clock: Callable[[], datetime], request: Request
) -> Reply:
    deployment, _, action = request.groups["path"].rpartition("/")
    if action.lower() != "getlogs":
        return _refused(request)
    resources.one(deployment)
    try:
        asked = json.loads(request.body or b"{}")
    except json.JSONDecodeError as error:
        raise Refusal(400, "InvalidRequestContent", "The request content was invalid.") from error
    return Reply(200, {"content": console(store, deployment, asked, clock())})


def console(store: Path, deployment: str, asked: Mapping[str, Any], now: datetime) -> str:
    """Return the last lines that a deployment's container wrote."""
    endpoint, _, name = deployment.lower().partition("/deployments/")
    container = re.sub(r"(?<!^)(?=[A-Z])", "-", str(asked.get("containerType", "InferenceServer")))
    # A private instance with the file attached: whoever else reads the same file may have opened
    # it with other settings, which DuckDB refuses to mix.
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as con:
        path = str(store / "workspace.duckdb").replace("'", "''")
        con.execute(f"ATTACH '{path}' AS workspace (READ_ONLY)")
        lines = con.execute(
            """
            SELECT Message FROM workspace.main.AmlOnlineEndpointConsoleLog
            WHERE lower(_ResourceId) = $endpoint AND lower(DeploymentName) = $name
              AND lower(ContainerName) = $container AND TimeGenerated <= $now
            ORDER BY TimeGenerated DESC, rowid DESC LIMIT $tail
            """,
            {
                "endpoint": endpoint,
                "name": name,
                "container": container.lower(),
                "now": now.replace(tzinfo=None),
                "tail": int(asked.get("tail") or 50),
            },
        ).fetchall()
    return "".join(f"{line}\n" for (line,) in reversed(lines))


def _refused(request: Request) -> Reply:
    """Answer a write: the identity may only read."""
    path = request.groups["path"].rstrip("/")
    verb = {"PUT": "write", "PATCH": "write", "DELETE": "delete"}.get(request.method, "")
    target, action = path, verb
    if not verb:
        target, _, name = path.rpartition("/")
        action = f"{name}/action"
    provider, _, rest = target.rpartition("/providers/")[2].partition("/")
    kinds = "/".join(rest.split("/")[::2])
    raise Refusal(
        403,
        "AuthorizationFailed",
        f"The client '{_CLIENT}' with object id '{_CLIENT}' does not have authorization to perform "
        f"action '{provider}/{kinds}/{action}' over scope '{target}' or the scope is invalid. If "
        "access was recently granted, please refresh your credentials.",
    )


def _known_scope(resources: ResourceManager, scope: str) -> None:
    keys = [key.split("/") for key in resources.existing()]
    _, _, subscription, *group = scope.split("/")
    if subscription.lower() not in {parts[2] for parts in keys}:
        message = f"The subscription '{subscription}' could not be found."
        raise Refusal(404, "SubscriptionNotFound", message)
    if group and group[1].lower() not in {parts[4] for parts in keys}:
        message = f"Resource group '{group[1]}' could not be found."
        raise Refusal(404, "ResourceGroupNotFound", message)


def _is_resource(path: str) -> bool:
    """Whether a path ends in a name, not in a type: types and names alternate after the provider."""
    return len(path.lower().rpartition("/providers/")[2].split("/")) % 2 == 1


def _type(path: str) -> str:
    """Return `namespace/type` of a resource id, both of its innermost provider.

    >>> _type("/subscriptions/s/resourcegroups/g/providers/microsoft.insights/autoscalesettings/a")
    'microsoft.insights/autoscalesettings'
    """
    namespace, *rest = path.lower().rpartition("/providers/")[2].split("/")
    return "/".join([namespace, *rest[::2]])


def _kind(path: str) -> str:
    """Return the last type of a resource id: `deployments` of an online deployment."""
    return _type(path).rpartition("/")[2]


def _not_found(path: str) -> Refusal:
    parts = path.strip("/").split("/")
    group = parts[3] if len(parts) > 3 else ""  # noqa: PLR2004 - subscriptions/s/resourceGroups/g
    what = path.rpartition("/providers/")[2]
    return Refusal(
        404,
        "ResourceNotFound",
        f"The Resource '{what}' under resource group '{group}' was not found. For more details "
        "please go to https://aka.ms/ARMResourceNotFoundFix",
    )


def _no_such_type(path: str) -> Refusal:
    namespace, _, kind = _type(path).partition("/")
    return Refusal(
        404,
        "InvalidResourceType",
        f"The resource type '{kind}' could not be found in the namespace '{namespace}'.",
    )
