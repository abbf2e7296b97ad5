"""Collected data, labels and training data, on disk and in a remote container."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import duckdb
import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from monitoring.errors import InputError, NotPermittedError, SourceError
from monitoring.settings import Settings
from monitoring.sources import collected
from monitoring.sources.azure import Azure, Wiring
from monitoring.sources.collected import Collected, JoinedDay
from monitoring.sources.failures import NotFoundError
from monitoring.window import Window
from monitoring.workspace.assets import DataAsset
from monitoring.workspace.models import ModelVersion
from sample.credential import SampleCredential

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
TODAY, YESTERDAY = date(2026, 11, 21), date(2026, 11, 20)
INPUTS = ("credit", "blue", "model_inputs")
MODEL = ModelVersion(
    "credit",
    "1",
    "",
    None,
    tags={
        "task": "binary_classification",
        "target_column": "late",
        "prediction_column": "prediction",
        "probability_column": "probability",
    },
)


class Refusing(MemoryFileSystem):
    """A container that this identity may not list."""

    protocol = "refusing"
    cachable = False

    def find(self, *args: Any, **options: Any) -> Any:
        raise PermissionError("AuthorizationPermissionMismatch")

    ls = find


class Counting(MemoryFileSystem):
    """A container that notes what is listed."""

    protocol = "counting"
    cachable = False
    listings: ClassVar[list[str]] = []

    def find(self, path: str, *args: Any, **options: Any) -> Any:
        self.listings.append(path)
        return super().find(path, *args, **options)


fsspec.register_implementation("refusing", Refusing, clobber=True)
fsspec.register_implementation("counting", Counting, clobber=True)


@dataclass
class Container:
    """A container on some file system, and the reader of it at some time."""

    url: str
    cache: Path

    @property
    def files(self) -> tuple[fsspec.AbstractFileSystem, str]:
        return fsspec.core.url_to_fs(self.url)

    def write(self, path: str, content: bytes) -> None:
        filesystem, root = self.files
        filesystem.makedirs(f"{root}/{path}".rpartition("/")[0], exist_ok=True)
        filesystem.pipe_file(f"{root}/{path}", content)

    def write_rows(self, time: datetime, *rows: dict[str, Any], name: str = "a", to: str = "model_inputs") -> None:  # fmt: skip
        """Append one line a row to the file of an instance."""
        filesystem, root = self.files
        path = f"modelDataCollector/credit/blue/{to}/{time:%Y/%m/%d/%H}/{name}.jsonl"
        old = filesystem.cat_file(f"{root}/{path}") if filesystem.exists(f"{root}/{path}") else b""
        self.write(path, old + b"".join(event(time, row, f"{time:%H%M}-{n}") for n, row in enumerate(rows)))  # fmt: skip

    def write_table(self, path: str, query: str) -> None:
        local = self.cache.parent / "table.parquet"
        with duckdb.connect() as con:
            con.execute(f"COPY ({query}) TO '{local}' (FORMAT parquet)")
        self.write(path, local.read_bytes())

    def at(self, now: datetime = NOW) -> Collected:
        wiring = Wiring(SampleCredential(), files=self.url)
        return Collected(Azure(Settings(cache=self.cache, now=now), workspace="w", wiring=wiring))


def event(time: datetime, row: dict[str, Any], key: str) -> bytes:
    body = {"id": key, "time": time.isoformat(), "correlationid": key, "data": [row]}
    return json.dumps(body).encode() + b"\n"


def hour(number: int, day: date = YESTERDAY, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, number, minute, tzinfo=UTC)


def rows(path: Path | None) -> list[tuple[Any, ...]]:
    with duckdb.connect() as con:
        return con.execute("SELECT * FROM read_parquet($p)", {"p": str(path)}).fetchall()


@pytest.fixture(params=["disk", "memory"])
def container(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Container]:
    url = str(tmp_path / "storage") if request.param == "disk" else f"memory://{tmp_path.name}"
    (tmp_path / "storage").mkdir()
    yield Container(url, tmp_path / "cache")
    MemoryFileSystem.store.clear()


@pytest.fixture
def disk(tmp_path: Path) -> Container:
    (tmp_path / "storage").mkdir()
    return Container(str(tmp_path / "storage"), tmp_path / "cache")


def test_the_days_that_have_a_folder(container: Container) -> None:
    for day in (YESTERDAY, TODAY, date(2026, 10, 31), date(2026, 11, 22)):
        container.write_rows(hour(1, day), {"a": 1})
    month = Window(datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
    assert container.at().days(*INPUTS, month) == (date(2026, 10, 31), YESTERDAY, TODAY)
    assert container.at().days(*INPUTS, Window.day(TODAY)) == (TODAY,)
    assert container.at().days("credit", "green", "model_inputs", month) == ()


def test_a_day_becomes_one_typed_file(container: Container) -> None:
    container.write_rows(hour(3), {"age": 31, "city": "Rome", "x": 1.5, "ok": True})
    container.write_rows(hour(3), {"age": 44, "city": None, "x": 2, "ok": False}, name="b")
    container.write_rows(hour(9), {"age": None, "city": "Oslo", "x": 3, "ok": True})
    found = container.at().day(*INPUTS, YESTERDAY)
    assert (found.rows, found.lines, found.faults, found.reason) == (3, 3, {}, "")
    assert found.path is not None
    with duckdb.connect() as con:
        types = con.execute(f"DESCRIBE SELECT * FROM '{found.path}'").fetchall()
    assert {name: kind for name, kind, *_ in types} == {
        "correlationid": "VARCHAR",
        "_index": "BIGINT",
        "time": "TIMESTAMP",
        "age": "BIGINT",
        "city": "VARCHAR",
        "x": "DOUBLE",
        "ok": "BOOLEAN",
    }
    assert [row[3] for row in rows(found.path)] == [31, 44, None]


def test_row_groups_stay_small(disk: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collected, "ROW_GROUP_ROWS", 2)
    disk.write_rows(hour(3), *({"a": n} for n in range(5)))
    path = disk.at().day(*INPUTS, YESTERDAY).path
    with duckdb.connect() as con:
        sizes = con.execute(
            f"SELECT DISTINCT row_group_id, row_group_num_rows FROM parquet_metadata('{path}') ORDER BY ALL"
        ).fetchall()
    assert sizes == [(0, 2), (1, 2), (2, 1)]


def test_a_finished_day_is_parsed_again_when_its_files_change(container: Container) -> None:
    container.write_rows(hour(3), {"a": 1})
    first = container.at().day(*INPUTS, YESTERDAY)
    assert first.path is not None
    made = first.path.stat().st_ino
    assert container.at().day(*INPUTS, YESTERDAY) == first
    assert first.path.stat().st_ino == made
    container.write_rows(hour(3), {"a": 2})
    assert container.at().day(*INPUTS, YESTERDAY).rows == 2
    container.write_rows(hour(4), {"a": 3})
    assert container.at().day(*INPUTS, YESTERDAY).rows == 3


def test_a_month_is_listed_once_for_all_of_its_days_that_are_over(tmp_path: Path) -> None:
    container = Container(f"counting://{tmp_path.name}", tmp_path / "cache")
    for day in range(1, 21):
        container.write_rows(hour(3, date(2026, 11, day)), {"a": day})
    reader = container.at()
    Counting.listings.clear()
    month = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
    for _ in range(3):
        assert len(reader.days(*INPUTS, month)) == 20
        assert sum(day.rows for day in reader.window(*INPUTS, month)) == 20
    months = [path for path in Counting.listings if path.endswith("/2026/11")]
    assert len(months) == 1
    assert len(Counting.listings) == 1 + 20  # and each day once, to be read
    MemoryFileSystem.store.clear()


def test_today_is_read_again_only_when_something_was_appended(container: Container) -> None:
    container.write_rows(hour(3, TODAY), {"a": 1})
    first = container.at().day(*INPUTS, TODAY)
    assert first.path is not None
    made = first.path.stat().st_mtime_ns
    assert container.at().day(*INPUTS, TODAY) == first
    assert first.path.stat().st_mtime_ns == made
    container.write_rows(hour(3, TODAY), {"a": 2})
    assert container.at().day(*INPUTS, TODAY).rows == 2
    container.write_rows(hour(12, TODAY), {"a": 3})
    assert container.at().day(*INPUTS, TODAY).rows == 3


def test_a_day_that_ended_meanwhile_is_read_to_its_end(disk: Container) -> None:
    disk.write_rows(hour(3, TODAY), {"a": 1})
    assert disk.at().day(*INPUTS, TODAY).rows == 1
    disk.write_rows(hour(23, TODAY), {"a": 2})
    assert disk.at().day(*INPUTS, TODAY).rows == 1  # that hour has not come
    assert disk.at(NOW + timedelta(days=1)).day(*INPUTS, TODAY).rows == 2


def test_events_of_later_this_hour_appear_when_their_time_comes(disk: Container) -> None:
    disk.write_rows(hour(12, TODAY, 10), {"a": 1})
    disk.write_rows(hour(12, TODAY, 50), {"a": 2})
    assert [row[-1] for row in rows(disk.at().day(*INPUTS, TODAY).path)] == [1]
    assert disk.at(NOW + timedelta(minutes=10)).day(*INPUTS, TODAY).rows == 1
    assert disk.at(NOW + timedelta(minutes=20)).day(*INPUTS, TODAY).rows == 2


def test_nothing_collected_is_a_reason_and_is_looked_for_again(container: Container) -> None:
    found = container.at().day(*INPUTS, YESTERDAY)
    assert (found.path, found.rows) == (None, 0)
    assert found.reason == (
        "nothing was collected in modelDataCollector/credit/blue/model_inputs/2026/11/20"
    )
    container.write_rows(hour(3), {"a": 1})
    assert container.at().day(*INPUTS, YESTERDAY).rows == 1


def test_lines_without_one_row_are_a_reason(disk: Container) -> None:
    disk.write("modelDataCollector/credit/blue/model_inputs/2026/11/20/03/a.jsonl", b"x\ny\n")
    found = disk.at().day(*INPUTS, YESTERDAY)
    assert (found.path, found.lines, found.faults) == (
        None,
        2,
        {"not JSON": 2},
    )
    assert found.reason.startswith("the 2 lines in ")


def test_files_that_are_not_the_collectors_are_passed_over(disk: Container) -> None:
    folder = "modelDataCollector/credit/blue/model_inputs/2026/11/20"
    for path in ("03/raw_payload.json", "notes.jsonl", "99/a.jsonl", "03/deep/a.jsonl"):
        disk.write(f"{folder}/{path}", event(hour(3), {"a": 1}, "k"))
    assert disk.at().day(*INPUTS, YESTERDAY).lines == 0


def test_a_payload_beside_its_line_is_read_from_the_container(container: Container) -> None:
    url = "https://store.blob.core.windows.net/container/modelDataCollector/raw/1.json"
    body = {"id": "e", "time": hour(3).isoformat(), "correlationid": "k", "dataref": url}
    container.write("modelDataCollector/raw/1.json", b'[{"a": 1}, {"a": 2}]')
    path = "modelDataCollector/credit/blue/model_inputs/2026/11/20/03/a.jsonl"
    container.write(path, json.dumps(body).encode() + b"\n")
    found = container.at().day(*INPUTS, YESTERDAY)
    assert (found.rows, found.faults) == (2, {})


def test_columns_of_the_training_data_fix_the_types(disk: Container) -> None:
    disk.write_rows(hour(3), {"age": 1, "n": 1}, {"age": "old", "n": 2})
    plain = disk.at().day(*INPUTS, YESTERDAY)
    typed = disk.at().day(*INPUTS, YESTERDAY, {"age": "DOUBLE", "late": "BIGINT"})
    assert [row[3] for row in rows(plain.path)] == ["1", "old"]
    assert [row[3:] for row in rows(typed.path)] == [(1.0, 1), (None, 2)]
    assert (typed.faults, plain.faults) == ({"bad value: age": 1}, {})
    assert plain.path != typed.path


def test_a_broken_cached_file_is_made_again(disk: Container) -> None:
    disk.write_rows(hour(3), {"a": 1})
    path = disk.at().day(*INPUTS, YESTERDAY).path
    assert path is not None
    path.write_bytes(b"PAR1 broken")
    assert disk.at().day(*INPUTS, YESTERDAY).rows == 1
    assert len(rows(path)) == 1


def test_a_window_is_its_days_in_order_up_to_now(container: Container) -> None:
    container.write_rows(hour(3), {"a": 1})
    container.write_rows(hour(3, TODAY), {"a": 2})
    window = Window(datetime(2026, 11, 19, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC))
    found = container.at().window(*INPUTS, window)
    assert [(day.day.day, day.rows) for day in found] == [(19, 0), (20, 1), (21, 1)]
    assert container.at().window(*INPUTS, Window.day(date(2026, 11, 22))) == ()


def test_two_threads_ask_for_the_same_day(disk: Container) -> None:
    disk.write_rows(hour(3), *({"a": n} for n in range(500)))
    reader, found = disk.at(), []
    threads = [
        threading.Thread(target=lambda: found.append(reader.day(*INPUTS, YESTERDAY)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert {day.rows for day in found} == {500}


def test_a_refused_container_names_the_role(tmp_path: Path) -> None:
    reader = Container("refusing://bucket", tmp_path).at()
    with pytest.raises(NotPermittedError) as caught:
        reader.day(*INPUTS, YESTERDAY)
    assert "Storage Blob Data Reader" in caught.value.hint
    with pytest.raises(NotPermittedError):
        reader.days(*INPUTS, Window.day(TODAY))


def test_a_folder_that_cannot_be_listed_is_not_taken_for_empty(disk: Container) -> None:
    disk.write("modelDataCollector/credit", b"a file where a folder should be")
    with pytest.raises(SourceError, match="Cannot read the folder"):
        disk.at().day(*INPUTS, YESTERDAY)


def test_a_container_that_is_not_configured_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="COLLECTED_DATA_URL is not set"):
        Container("", tmp_path).at().day(*INPUTS, YESTERDAY)


@pytest.mark.parametrize("name", ["../../etc", "a/b", "", ".."])
def test_a_name_cannot_lead_out_of_the_folder(disk: Container, name: str) -> None:
    with pytest.raises(InputError, match="it is no name"):
        disk.at().day(name, "blue", "model_inputs", YESTERDAY)


def test_what_was_made_from_a_container_that_is_gone_is_removed(tmp_path: Path) -> None:
    old, new = Container(str(tmp_path / "old"), tmp_path / "c"), Container(str(tmp_path), tmp_path / "c")  # fmt: skip
    old.write_rows(hour(3), {"a": 1})
    kept = old.at().day(*INPUTS, YESTERDAY).path
    new.at().day(*INPUTS, YESTERDAY)
    assert kept is not None
    assert kept.exists()
    (tmp_path / "old").rename(tmp_path / "elsewhere")
    new.at().day(*INPUTS, YESTERDAY)
    assert not kept.exists()


def truth(known: str, *values: tuple[str, int]) -> str:
    listed = ", ".join(f"('{key}', {late}, TIMESTAMP '{known}')" for key, late in values)
    return f"SELECT * FROM (VALUES {listed}) t(correlationid, late, known)"


def test_labels_are_those_known_by_now(container: Container) -> None:
    early, late = truth("2026-11-21 12:00", ("k_0", 1)), truth("2026-11-21 13:00", ("k_1", 0))
    container.write_table("truth/2026-11-20.parquet", f"{early} UNION ALL {late}")
    container.write_table("truth/2026-11-19.parquet", truth("2026-11-20 00:00", ("j_0", 1)))
    container.write_table("truth/corrections.parquet", truth("2026-11-20 00:00", ("k_2", 1)))

    def keys(reader: Collected) -> set[str]:
        paths = reader.labels("truth", Window.day(YESTERDAY))
        return {row[0] for path in paths for row in rows(path)}

    assert keys(container.at()) == {"k_0", "k_2"}
    assert keys(container.at()) == {"k_0", "k_2"}
    assert keys(container.at(NOW + timedelta(hours=1))) == {"k_0", "k_1", "k_2"}
    assert container.at().labels("none", Window.day(YESTERDAY)) == ()
    assert len(container.at().labels("truth/corrections.parquet", Window.day(TODAY))) == 1


def joined(reader: Collected, model: ModelVersion) -> JoinedDay:
    [day] = reader.joined("credit", "blue", Window.day(YESTERDAY), model, "truth")
    return day


def predicted(container: Container) -> None:
    answers = [{"prediction": 1, "probability": 0.9}, {"prediction": 0, "probability": 0.2}]
    container.write_rows(hour(3), *answers, to="model_outputs")


def test_predictions_are_joined_with_their_labels(container: Container) -> None:
    predicted(container)
    container.write_table("truth/2026-11-20.parquet", truth("2026-11-20 03:10", ("0300-0_0", 1)))
    found = joined(container.at(), MODEL)
    assert (found.rows, found.labelled) == (2, 1)
    time = datetime(2026, 11, 20, 3)  # noqa: DTZ001 - UTC
    assert rows(found.path) == [
        ("0300-0_0", time, 1, 0.9, 1, 600.0),
        ("0300-1_0", time, 0, 0.2, None, None),
    ]
    assert joined(container.at(), MODEL) == found


def test_a_label_that_arrives_or_is_corrected_is_joined_next_time(disk: Container) -> None:
    predicted(disk)
    first = truth("2026-11-20 04:00", ("0300-0_0", 1))
    second = truth("2026-11-21 13:00", ("0300-0_0", 0), ("0300-1_0", 1))
    disk.write_table("truth/2026-11-20.parquet", f"{first} UNION ALL {second}")
    now = joined(disk.at(), MODEL)
    assert [row[4] for row in rows(now.path)] == [1, None]
    later = joined(disk.at(NOW + timedelta(hours=1)), MODEL)
    assert [row[4] for row in rows(later.path)] == [0, 1]
    assert later.labelled == 2


def test_labels_beyond_the_first_are_counted(disk: Container) -> None:
    predicted(disk)
    first = truth("2026-11-20 04:00", ("0300-0_0", 1), ("0300-1_0", 1), ("other_0", 1))
    again = truth("2026-11-20 05:00", ("0300-0_0", 0), ("other_0", 0))
    disk.write_table("truth/2026-11-20.parquet", f"{first} UNION ALL {again}")
    assert joined(disk.at(), MODEL).repeated == 1
    (found,) = disk.at().rows("credit", "blue", Window.day(YESTERDAY), MODEL, "truth")
    assert found.faults["labels of a prediction that has one"] == 1
    assert [row[4] for row in rows(found.path)] == [0, 1]


def test_labels_of_two_types_are_read_as_texts(disk: Container) -> None:
    predicted(disk)
    disk.write_table("truth/2026-11-20.parquet", "SELECT '0300-0_0' AS correlationid, 1 AS late")
    disk.write_table("truth/late.parquet", "SELECT '0300-1_0' AS correlationid, true AS late")
    assert [row[4] for row in rows(joined(disk.at(), MODEL).path)] == ["1", "true"]


def test_labels_without_a_time_were_always_known(disk: Container) -> None:
    predicted(disk)
    disk.write_table("truth/2026-11-20.parquet", "SELECT '0300-0_0' AS correlationid, 1 AS late")
    found = joined(disk.at(), MODEL)
    assert found.labelled == 1
    assert rows(found.path)[0][4:] == (1, None)


def test_no_labels_yet_and_no_predictions(disk: Container) -> None:
    nothing = joined(disk.at(), MODEL)
    assert (nothing.path, nothing.reason[:21]) == (None, "nothing was collected")
    predicted(disk)
    found = joined(disk.at(), MODEL)
    assert (found.rows, found.labelled) == (2, 0)


def test_a_multiclass_model_has_a_score_for_each_class(disk: Container) -> None:
    tags = MODEL.tags | {"task": "multiclass_classification", "probability_column": "probability_"}
    model = replace(MODEL, tags=tags)
    row = {"prediction": 1, "probability_0": 0.25, "probability_1": 0.75}
    disk.write_rows(hour(3), row, to="model_outputs")
    disk.write_table("truth/2026-11-20.parquet", truth("2026-11-20 03:10", ("0300-0_0", 1)))
    path = joined(disk.at(), model).path
    assert rows(path)[0][2:6] == (1, 0.25, 0.75, 1)


def test_a_regression_has_no_probability(disk: Container) -> None:
    tags = {"task": "regression", "target_column": "late", "prediction_column": "prediction"}
    predicted(disk)
    path = joined(disk.at(), replace(MODEL, tags=tags)).path
    assert [row[3] for row in rows(path)] == [None, None]


def test_a_model_or_a_file_that_does_not_fit_is_one_sentence(disk: Container) -> None:
    predicted(disk)
    with pytest.raises(SourceError, match="does not say its prediction_column"):
        joined(disk.at(), replace(MODEL, tags={}))
    wrong = replace(MODEL, tags=MODEL.tags | {"prediction_column": "answer"})
    with pytest.raises(SourceError, match="answer") as caught:
        joined(disk.at(), wrong)
    assert "correlationid" in caught.value.hint
    disk.write("truth/2026-11-20.parquet", b"not parquet")
    with pytest.raises(SourceError, match="2026-11-20"):
        joined(disk.at(), MODEL)


def test_training_data_is_a_file_or_a_folder_on_this_machine(container: Container) -> None:
    container.write_table("training/one/data.parquet", "SELECT 1 AS a")
    container.write_table("training/two/a.parquet", "SELECT 1 AS a")
    container.write_table("training/two/b.parquet", "SELECT range + 2 AS a FROM range(999)")
    container.write("training/two/MLTable", b"type: mltable")
    one = container.at().training(DataAsset("t", "1", "training/one", ""))
    assert rows(one) == [(1,)]
    assert container.at().training(DataAsset("t", "1", "training/one/data.parquet", "")) == one
    two = container.at().training(DataAsset("t", "1", "training/two", ""))
    assert sorted(rows(two / "*.parquet"))[:2] == [(1,), (2,)]
    with pytest.raises(NotFoundError, match="nothing lies at 'training/none'"):
        container.at().training(DataAsset("t", "1", "training/none", ""))


def test_training_data_from_afar_is_fetched_once_and_again_when_it_changed(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    remote = Container("memory://fetched", tmp_path / "x")
    remote.write_table("t/data.parquet", "SELECT 1 AS a")
    asset = DataAsset("t", "1", "t", "")
    first = remote.at().training(asset)
    made = first.stat().st_mtime_ns
    assert remote.at().training(asset).stat().st_mtime_ns == made
    remote.write_table("t/data.parquet", "SELECT range AS a FROM range(3)")
    assert len(rows(remote.at().training(asset))) == 3
    MemoryFileSystem.store.clear()
