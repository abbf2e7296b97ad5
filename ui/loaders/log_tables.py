"""What the Logs page offers: the product's own queries, the workspace's tables and their columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from monitoring.errors import InputError, MonitoringError
from monitoring.sources.logs import Answer
from monitoring.sources.query import FOLDER, load
from monitoring.window import Window
from ui.loaders import logs

#: The tables that Azure ML, its endpoints and Application Insights write.
KNOWN = {
    "AmlOnlineEndpointTrafficLog": "one row a request to an online endpoint",
    "AmlOnlineEndpointConsoleLog": "what the containers print; the endpoint is in _ResourceId",
    "AmlOnlineEndpointEventLog": "starts, kills and failed probes of containers",
    "AmlComputeClusterEvent": "nodes and sizes of clusters",
    "AmlComputeCpuGpuUtilization": "use of processors by nodes and jobs",
    "AmlComputeJobEvent": "jobs submitted, running, ended",
    "AmlRunStatusChangedEvent": "changes of the status of runs",
    "AmlModelsEvent": "models registered, read, deleted",
    "AmlDataSetEvent": "data assets changed and read",
    "AmlDataStoreEvent": "datastores changed and read",
    "AmlDeploymentEvent": "deployments to ACI and AKS",
    "AmlEnvironmentEvent": "environments changed and read",
    "AmlPipelineEvent": "pipelines changed and read",
    "AmlRunEvent": "runs changed and read",
    "AppRequests": "requests as Application Insights saw them; sampled, ItemCount says so",
    "AppDependencies": "calls to other services",
    "AppExceptions": "exceptions",
    "AppTraces": "lines that the app logged",
    "AzureActivity": "changes of Azure resources: who did what",
    "Usage": "how much each table took in",
}
_NAME = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Start:
    """One of the product's queries. about: the first line of its comment. comment: all of it."""

    name: str
    about: str
    comment: str
    text: str


@dataclass(frozen=True, slots=True)
class LogTable:
    """A table. megabytes, newest: taken in over the window; None if Usage says nothing of it."""

    name: str
    about: str
    megabytes: float | None
    newest: datetime | None


def starts() -> tuple[Start, ...]:
    """Return the product's own queries, by name; each runs in the portal as it stands."""
    return tuple(_start(path.stem, load(path.stem).text) for path in sorted(FOLDER.glob("*.kql")))


def _start(name: str, text: str) -> Start:
    lines = text.splitlines()
    comment = []
    for line in lines:
        if not line.startswith("//"):
            break
        comment.append(line.removeprefix("//").strip())
    return Start(name, comment[0] if comment else name, "\n".join(comment), text)


def tables(window: Window) -> tuple[tuple[LogTable, ...], Answer | None, str]:
    """Return the tables that are known or took something in, those with data first.

    What a table took in is from Usage, which Azure writes once an hour; without it the names stand
    alone.

    Returns:
        The tables, the answer of Usage, and why there is none.
    """
    try:
        answer = logs.ask("log_tables", window)
    except MonitoringError as error:
        return tuple(LogTable(n, about, None, None) for n, about in KNOWN.items()), None, str(error)
    took = {row["LogTable"]: row for row in answer.records()}
    names = [*sorted(took), *(name for name in KNOWN if name not in took)]
    found = tuple(
        LogTable(
            name,
            KNOWN.get(name, ""),
            took[name]["Megabytes"] if name in took else None,
            took[name]["Newest"] if name in took else None,
        )
        for name in names
        if _NAME.fullmatch(name)
    )
    return found, answer, ""


def columns(table: str, window: Window) -> tuple[tuple[str, str], ...]:
    """Return name and type of each column of a table.

    Raises:
        InputError: That is no name of a table.
        SourceError: The workspace has not got it, or did not answer.
    """
    if not _NAME.fullmatch(table):
        raise InputError(f"{table!r} is no name of a table", hint="Choose one of the list.")
    answer = logs.run(f"{table}\n| getschema\n| project ColumnName, ColumnType", window)
    return tuple((row["ColumnName"], row["ColumnType"]) for row in answer.records())
