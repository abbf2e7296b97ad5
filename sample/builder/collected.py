"""The collected data: CloudEvents lines in hour folders, as Azure ML's model data collector writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sample.builder import names
from sample.builder.plan import instant

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb
    from numpy.typing import NDArray

    from sample.builder.incidents import Incident
    from sample.builder.plan import Plan

MERGED_SHARE = 0.01
#: Every so many lines `data` is a bare object, or JSON text, instead of a list of rows.
OBJECT_EVERY, TEXT_EVERY = 1_009, 2_003
AGENT_UPGRADE_DAYS = 150


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection of one endpoint, and the columns of its rows."""

    endpoint: str
    name: str
    columns: tuple[str, ...]


def in_lines(
    scored: pd.DataFrame,
    failed: pd.DataFrame,
    endpoint: str,
    plan: Plan,
    incidents: Mapping[str, Incident],
) -> pd.DataFrame:
    """Return the rows that were collected, in file order, each with the line it went into.

    Adds `place` (position in its line's `data`), `head` (number of the request whose id the line
    carries: near-simultaneous calls share the first one's), `file` (number of its file) and
    `is_answered`: False for those in `failed`, which have no outputs and a line of their own.
    """
    rows = pd.concat(
        [scored.assign(is_answered=True), failed.assign(is_answered=False)], ignore_index=True
    )
    rows = rows[~refused(rows, endpoint, incidents)]
    rows = rows.assign(folder_hour=_times(rows).astype("datetime64[h]").astype("datetime64[ms]"))
    rows = rows.sort_values(["deployment", "instance", "time"], kind="stable", ignore_index=True)
    same_file = np.ones(len(rows), dtype=bool)
    for column in ("deployment", "instance", "folder_hour"):
        values = rows[column].to_numpy()
        same_file[1:] &= values[1:] == values[:-1]
    same_file[:1] = False
    answered = rows["is_answered"].to_numpy()
    near = np.zeros(len(rows), dtype=bool)
    draws = plan.random(f"merged {endpoint}").random(int(answered.sum()))
    near[answered] = draws < MERGED_SHARE
    near[1:] &= answered[:-1]
    joined = same_file & near
    line = np.cumsum(~joined) - 1
    first = np.flatnonzero(~joined)
    place = np.arange(len(rows)) - first[line]
    head = rows["number"].to_numpy()[first][line]
    return rows.assign(place=place, head=head, file=np.cumsum(~same_file) - 1)


def answered(lines: pd.DataFrame, scored: pd.DataFrame) -> pd.DataFrame:
    """Return the lines that have outputs, with the types that the gaps of the others took away."""
    kinds = {name: kind for name, kind in scored.dtypes.items() if name in lines}
    return lines[lines["is_answered"]].astype(kinds).reset_index(drop=True)


def refused(
    scored: pd.DataFrame, endpoint: str, incidents: Mapping[str, Incident]
) -> NDArray[np.bool_]:
    """Tell for each row whether it was lost because nothing could be written to storage."""
    lost = incidents["storage-role-removed"]
    return lost.covers(_times(scored)) & (endpoint == lost.endpoint)


def _times(rows: pd.DataFrame) -> NDArray[np.datetime64]:
    times: NDArray[np.datetime64] = rows["time"].to_numpy("datetime64[ms]")
    return times


def write(
    connection: duckdb.DuckDBPyConnection,
    rows: pd.DataFrame,
    collection: Collection,
    storage: Path,
    plan: Plan,
) -> int:
    """Write one collection of one endpoint; return the number of files."""
    table = _with_texts(connection, rows, collection, plan)
    connection.register("row", table)
    texts = connection.sql(_LINES.format(**_constants(collection))).to_arrow_table()["text"]
    apart = connection.sql(_APART.format(**_constants(collection))).fetchall()
    connection.unregister("row")
    folder = storage / "modelDataCollector" / collection.endpoint
    made: set[Path] = set()
    written = 0
    for path, text in _files(rows, texts.combine_chunks(), collection):
        place = folder / path
        if place.parent not in made:
            place.parent.mkdir(parents=True, exist_ok=True)
            made.add(place.parent)
        place.write_bytes(text)
        written += 1
    for path, json in apart:
        (folder / path).write_text(f"[{json}]", encoding="utf-8")
    return written


def cut_off(storage: Path, plan: Plan) -> Path:
    """Leave half a line at the end of one file, as an append that was interrupted does."""
    day = plan.midnight - timedelta(days=2)
    folder = storage / "modelDataCollector/flight-delay/blue/model_inputs"
    path = min((folder / f"{day:%Y/%m/%d}").glob("*/*.jsonl"))
    line = path.read_bytes().splitlines()[-1]
    with path.open("ab") as file:
        file.write(line[: len(line) // 2])
    return path


def _with_texts(
    connection: duckdb.DuckDBPyConnection, rows: pd.DataFrame, collection: Collection, plan: Plan
) -> pa.Table:
    """Return each row's JSON with what its line needs besides."""
    connection.register("row", rows)
    fields = ", ".join(f'"{name}" := "{name}"' for name in collection.columns)
    query = f"SELECT to_json(struct_pack({fields}))::VARCHAR AS json FROM row"
    json = connection.sql(query).to_arrow_table()["json"].combine_chunks()
    connection.unregister("row")
    starts = np.flatnonzero(rows["place"] == 0)
    rows_in_line = np.diff(starts, append=len(rows))
    lengths = np.add.reduceat(pc.binary_length(json).to_numpy(), starts) + rows_in_line + 1
    line = np.cumsum(rows["place"].to_numpy() == 0) - 1
    columns = {
        "time": rows["time"].to_numpy("datetime64[ms]"),
        "deployment": pa.array(rows["deployment"]),
        "head": rows["head"].to_numpy(),
        "place": rows["place"].to_numpy(),
        "is_last": rows["place"].to_numpy() == rows_in_line[line] - 1,
        "data_bytes": lengths[line],
        "is_old": _times(rows) < instant(plan.serving_start + timedelta(days=AGENT_UPGRADE_DAYS)),
        "shape": _shapes(
            rows, (rows_in_line[line] == 1) & rows["is_answered"].to_numpy(), collection, plan
        ),
        "json": json,
    }
    return pa.table(columns)


def _shapes(
    rows: pd.DataFrame, alone: NDArray[np.bool_], collection: Collection, plan: Plan
) -> NDArray[np.int8]:
    """Return how `data` is written: 0 a list of rows, 1 an object, 2 JSON text, 3 a reference."""
    shape = np.zeros(len(rows), dtype=np.int8)
    if collection.endpoint != "flight-delay" or collection.name != "model_inputs":
        return shape
    number = rows["number"].to_numpy()
    shape[alone & (number % OBJECT_EVERY == 0)] = 1
    shape[alone & (number % TEXT_EVERY == 1)] = 2
    recent = _times(rows) >= instant(plan.midnight - timedelta(days=10))
    large = np.flatnonzero(alone & recent & (shape == 0))[:2]
    shape[large] = 3
    return shape


def _constants(collection: Collection) -> dict[str, str]:
    endpoint, name = collection.endpoint, collection.name
    account = f"https://{names.STORAGE_ACCOUNT}.blob.core.windows.net"
    return {
        "endpoint": endpoint,
        "collection": name,
        "source": f"{names.endpoint_id(endpoint)}/deployments/",
        "raw": f"{account}/{names.CONTAINER}/modelDataCollector/{endpoint}/",
    }


def _files(
    rows: pd.DataFrame, texts: pa.StringArray, collection: Collection
) -> Iterator[tuple[str, memoryview]]:
    """Yield each file's path under the endpoint, and its bytes without copying them."""
    _, offsets_buffer, data_buffer = texts.buffers()
    width = np.int64 if pa.types.is_large_string(texts.type) else np.int32
    offsets = np.frombuffer(offsets_buffer, dtype=width)[texts.offset :]
    data = memoryview(data_buffer)
    starts = np.flatnonzero(np.diff(rows["file"].to_numpy(), prepend=-1))
    ends = np.append(starts[1:], len(rows))
    heads = rows.iloc[starts]
    hours = heads["folder_hour"].dt.strftime("%Y/%m/%d/%H")
    for deployment, instance, hour, start, end in zip(
        heads["deployment"], heads["instance"], hours, starts, ends, strict=True
    ):
        name = names.instance_id(collection.endpoint, deployment, instance)
        path = f"{deployment}/{collection.name}/{hour}/{name}.jsonl"
        yield path, data[offsets[start] : offsets[end]]


#: The text each row adds to its file: the head of a line, its row, the foot of the line.
_LINES = """
WITH part AS (
    SELECT *, request_id('{endpoint}', head) AS id,
        uuid_of('{endpoint}/{collection}/event/' || head) AS event,
        CASE WHEN is_old THEN 'azureml-ai-monitoring/0.1.0b4' ELSE 'azureml-ai-monitoring/1.0.0' END AS agent
    FROM row
)
SELECT
    CASE WHEN place = 0 THEN
        '{{"specversion":"1.0","id":"' || event || '","source":"{source}' || deployment
        || '","type":"azureml.inference.{collection}","datacontenttype":"application/json","time":"'
        || strftime(time, '%Y-%m-%dT%H:%M:%SZ') || '","data":'
    ELSE '' END
    || CASE shape
        WHEN 1 THEN json
        WHEN 2 THEN to_json('[' || json || ']')::VARCHAR
        WHEN 3 THEN 'null,"dataref":"{raw}' || deployment || '/{collection}/'
            || strftime(time, '%Y/%m/%d/%H') || '/' || event || '.json"'
        ELSE CASE WHEN place = 0 THEN '[' ELSE ',' END || json || CASE WHEN is_last THEN ']' ELSE '' END
    END
    || CASE WHEN is_last THEN
        ',"correlationid":"' || id || '","xrequestid":"' || id
        || '","modelversion":"default","collectdatatype":"pandas.core.frame.DataFrame","agent":"' || agent
        || '","contentrange":"bytes 0-' || (data_bytes - 1) || '/' || data_bytes || '"}}' || chr(10)
    ELSE '' END AS text
FROM part
"""
#: Where a row lies that its line only refers to. The second such file is gone, as files are.
_APART = """
SELECT deployment || '/{collection}/' || strftime(time, '%Y/%m/%d/%H') || '/'
    || uuid_of('{endpoint}/{collection}/event/' || head) || '.json' AS path, json
FROM row WHERE shape = 3 ORDER BY time LIMIT 1
"""
