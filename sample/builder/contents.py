"""Writes everything that the sample workspace consists of, step by step."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sample.builder import (
    activity,
    alerts,
    collected,
    containers,
    costs,
    gateway,
    insights,
    inventory,
    jobs,
    labels,
    models,
    names,
    platform,
    registrations,
    traffic,
)
from sample.builder.database import create_tables, open_database
from sample.builder.fleet import fleet
from sample.builder.flights import flights
from sample.builder.incidents import script, truth
from sample.builder.plan import COMPLETE, TRAINING_END, VERSION, Plan
from sample.builder.scoring import failed, scored

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from sample.builder.fleet import Deployment
    from sample.builder.incidents import Incident
    from sample.builder.models import Trained

Progress = Callable[[float, str], None]

#: From which to which share of the whole the work on each endpoint takes.
PROGRESS = {"flight-delay": (0.16, 0.55), "flight-time": (0.55, 0.84), "digits": (0.84, 0.9)}
OUTPUT_COLUMNS = {
    "flight-delay": ("late", "probability"),
    "flight-time": ("minutes",),
    "digits": ("digit", *models.DIGIT_PROBABILITIES),
}


@dataclass
class _Steps:
    """Tells the progress, and how long each step took."""

    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, share: float, name: str) -> Iterator[None]:
        self.progress(share, name)
        start = time.perf_counter()
        yield
        spent = time.perf_counter() - start
        self.seconds[name] = round(self.seconds.get(name, 0) + spent, 2)


def write(folder: Path, plan: Plan, progress: Progress) -> None:
    """Write the sample workspace of a plan into an empty folder."""
    steps = _Steps(progress)
    incidents = script(plan)
    machines = fleet(plan, incidents)
    with steps.step(0.02, "Reading the flights of 2013"):
        departures = flights(plan)
        scans = models.scanned_digits()
    with steps.step(0.06, "Training the models"):
        trained = [
            models.flight_delay(departures, "1"),
            models.flight_delay(departures, "2"),
            models.flight_time(departures),
            models.digits(scans),
        ]
        _write_training(trained, folder / "storage")
    with open_database(folder, plan.seed) as connection:
        create_tables(connection)
        subjects = _subjects(departures, scans)
        requests: dict[str, pd.DataFrame] = {}
        for endpoint in names.ENDPOINTS:
            requests[endpoint] = _write_endpoint(
                _Endpoint(endpoint, subjects[endpoint], trained, *PROGRESS[endpoint]),
                connection,
                folder,
                plan,
                incidents,
                machines,
                steps,
            )
        _write_platform(connection, folder, plan, incidents, machines, trained, requests, steps)
        rows = _rows(connection)
    _write_json(folder / "truth.json", truth(incidents))
    _write_json(
        folder / COMPLETE,
        {
            "version": VERSION,
            "seed": plan.seed,
            "now": f"{plan.midnight:%Y-%m-%dT%H:%M:%SZ}",
            "seconds": steps.seconds,
            "rows": rows,
        },
    )
    progress(1.0, "The sample workspace is ready")


@dataclass(frozen=True)
class _Endpoint:
    name: str
    subjects: pd.DataFrame
    trained: list[Trained]
    begin: float
    end: float

    def at(self, share: float) -> float:
        """Return the progress of the whole when this share of the endpoint is done."""
        return self.begin + (self.end - self.begin) * share

    @property
    def models(self) -> dict[str, Trained]:
        """The model behind each deployment."""
        own = [model for model in self.trained if model.name == self.name]
        return dict(zip(("blue", "green"), own, strict=False))


def _subjects(departures: pd.DataFrame, scans: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return what each endpoint is asked about: nothing that its first model was trained on."""
    served = departures["source_day"] >= pd.Timestamp(TRAINING_END)
    live = departures[served].reset_index(drop=True)
    unseen = scans.iloc[models.DIGITS_KEPT_FOR_TRAINING :].reset_index(drop=True)
    return {"flight-delay": live, "flight-time": live, "digits": unseen}


def _write_endpoint(
    endpoint: _Endpoint,
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    plan: Plan,
    incidents: dict[str, Incident],
    machines: dict[tuple[str, str], Deployment],
    steps: _Steps,
) -> pd.DataFrame:
    """Write all that follows from the requests to one endpoint, and return them."""
    name, storage = endpoint.name, folder / "storage"
    with steps.step(endpoint.at(0), f"Simulating the requests to {name}"):
        if name == "digits":
            asked = traffic.digit_requests(len(endpoint.subjects), plan, incidents, machines)
        else:
            asked = traffic.flight_requests(name, endpoint.subjects, plan, incidents, machines)
        requests = asked.frame()
    with steps.step(endpoint.at(0.08), f"Answering them with {name}"):
        rows = scored(requests, endpoint.subjects, endpoint.models, incidents, plan)
        model = endpoint.models["blue"]
        errors = failed(requests, endpoint.subjects, model, incidents, plan)
    with steps.step(endpoint.at(0.2), f"Writing what {name} collected"):
        lines = collected.in_lines(rows, errors, name, plan, incidents)
        answered = collected.answered(lines, rows)
        for collection, columns, part in (
            ("model_inputs", model.features, lines),
            ("model_outputs", OUTPUT_COLUMNS[name], answered),
        ):
            chosen = collected.Collection(name, collection, columns)
            collected.write(connection, part, chosen, storage, plan)
        if name == "flight-delay":
            collected.cut_off(storage, plan)
    with steps.step(endpoint.at(0.6), f"Writing the labels of {name}"):
        lost = rows[collected.refused(rows, name, incidents)]
        alone = lost.assign(head=lost["number"], place=0)
        labels.write(connection, pd.concat([answered, alone]), model, storage, plan)
    with steps.step(endpoint.at(0.63), f"Writing the traffic log of {name}"):
        gateway.write(connection, name, requests, plan)
    with steps.step(endpoint.at(0.77), f"Measuring {name}"):
        platform.write_endpoint(connection, name, requests, plan, incidents)
        for machine in machines.values():
            if machine.endpoint == name:
                platform.write_instances(connection, machine, requests, plan, incidents)
    return requests


def _write_platform(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    plan: Plan,
    incidents: dict[str, Incident],
    machines: dict[tuple[str, str], Deployment],
    trained: list[Trained],
    requests: dict[str, pd.DataFrame],
    steps: _Steps,
) -> None:
    """Write what surrounds the endpoints: logs of containers and cluster, changes, resources, costs."""
    with steps.step(0.9, "Writing the containers' logs"):
        containers.write(connection, requests, plan, incidents)
    with steps.step(0.92, "Writing Application Insights"):
        insights.write(connection, requests, plan, incidents)
        insights.write_queries(connection, plan)
    with steps.step(0.94, "Writing jobs, changes and resources"):
        operations = activity.operations(plan, incidents)
        log = activity.events(operations)
        activity.write(connection, log)
        registrations.write(connection, operations, plan)
        found = jobs.jobs(plan, incidents)
        jobs.write(connection, found, plan)
        registered = registrations.metrics(operations, plan)
        platform.write_workspace(connection, found, registered, plan)
        _write_json(folder / "activity.json", log)
        resources = inventory.resources(plan, incidents, machines, trained, found)
        _write_json(folder / "arm.json", {"resources": resources})
        costs.write(folder / "costs.parquet", machines, plan, incidents)
        _write_json(folder / "alerts.json", alerts.alerts(connection, plan))
    with steps.step(0.97, "Adding up the log volume"):
        insights.write_usage(connection)


def _write_training(trained: list[Trained], storage: Path) -> None:
    for model in trained:
        path = storage / "training" / model.name / model.version / "data.parquet"
        path.parent.mkdir(parents=True)
        table = pa.Table.from_pandas(model.training, preserve_index=False)
        pq.write_table(table.replace_schema_metadata(None), path)
        registered = storage / "models" / model.name / model.version / "model.skops"
        registered.parent.mkdir(parents=True)
        registered.write_bytes(models.artifact(model))


def _rows(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return the number of rows of every table that has some."""
    tables = connection.sql(
        "SELECT database_name, table_name FROM duckdb_tables() "
        "WHERE database_name IN ('workspace', 'metrics') ORDER BY 1, 2"
    ).fetchall()
    counts = {
        table: connection.sql(f'SELECT count(*) FROM {database}."{table}"').fetchall()[0][0]
        for database, table in tables
    }
    return {table: count for table, count in counts.items() if count}


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
