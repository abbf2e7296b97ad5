"""Every shape that a line of collected data can have."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.sources import cloud_events
from monitoring.sources.cloud_events import Events, cast, narrowest

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def line(data: Any, **rest: Any) -> bytes:
    event = {"id": "e", "time": "2026-11-21T10:00:00Z", "correlationid": "c", "data": data}
    return json.dumps(event | rest).encode() + b"\n"


def no_file(url: str) -> bytes:
    raise FileNotFoundError(url)


def read(*contents: bytes, **options: Any) -> tuple[list[dict[str, Any]], Events]:
    events = Events(now=NOW, fetch=options.pop("fetch", no_file), **options)
    for content in contents:
        events.add(content)
    return events.table().to_pylist(), events


def test_rows_are_exploded_and_keyed_by_their_place() -> None:
    rows, events = read(line([{"age": 31}, {"age": 44}]) + line([{"age": 5}], correlationid="d"))
    time = datetime(2026, 11, 21, 10)  # noqa: DTZ001 - TIMESTAMP in UTC, as everywhere in DuckDB
    assert rows == [
        {"correlationid": "c_0", "_index": 0, "time": time, "age": 31},
        {"correlationid": "c_1", "_index": 1, "time": time, "age": 44},
        {"correlationid": "d_0", "_index": 0, "time": time, "age": 5},
    ]
    assert (events.lines, events.rows, events.faults) == (2, 3, {})


@pytest.mark.parametrize("data", [{"age": 31}, '[{"age": 31}]', '{"age": 31}'])
def test_an_object_or_json_text_is_as_good_as_a_list(data: Any) -> None:
    rows, events = read(line(data))
    assert [row["age"] for row in rows] == [31]
    assert not events.faults


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"{broken}\n" + line([{"age": 1}]), "not JSON"),
        (b"\xff\xfe\n" + line([{"age": 1}]), "not JSON"),
        (line([{"age": 1}]) + line([{"age": 2}])[:50], "unfinished last line"),
        (b"[1, 2]\n" + line([{"age": 1}]), "not an event"),
        (line(None) + line([{"age": 1}]), "no payload"),
        (line("free text") + line([{"age": 1}]), "payload is text"),
        (line("https://x/raw", datainblob="true") + line([{"age": 1}]), "binary payload"),
        (line(None, dataref="https://x/c/raw") + line([{"age": 1}]), "payload file not readable"),
        (line([7]) + line([{"age": 1}]), "not a record"),
        (line([{"age": 1}], correlationid=None), "no correlation id"),
        (line([{"age": 1}], time="soon"), "no time"),
        (line([{"age": 1}], time=None), "no time"),
        (line([{"age": 1}], time="0001-01-01T00:00:00+14:00"), "no time"),
        (b"[" * 100_000 + b"\n" + line([{"age": 1}]), "not JSON"),
    ],
)
def test_a_line_that_cannot_be_used_is_counted_and_the_others_stay(
    content: bytes, fault: str
) -> None:
    rows, events = read(content)
    assert [row["age"] for row in rows] == [1]
    assert events.faults == {fault: 1}
    assert events.lines == content.rstrip().count(b"\n") + 1


def test_a_bad_record_does_not_move_the_keys_of_the_others() -> None:
    rows, _ = read(line([{"age": 1}, None, {"age": 3}]))
    assert [row["correlationid"] for row in rows] == ["c_0", "c_2"]


def test_a_last_line_without_a_newline_counts_when_it_is_whole() -> None:
    rows, events = read(line([{"age": 1}]).rstrip())
    assert len(rows) == 1
    assert not events.faults


def test_blank_lines_windows_line_ends_and_a_byte_order_mark_are_nothing() -> None:
    content = b"\xef\xbb\xbf" + line([{"age": 1}]).replace(b"\n", b"\r\n") + b"\n  \n"
    rows, events = read(content)
    assert (len(rows), events.lines, events.faults) == (1, 1, {})


def test_a_large_payload_is_read_from_its_file() -> None:
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        return b'[{"age": 1}, {"age": 2}]'

    rows, events = read(line(None, dataref="https://s/c/raw.json"), fetch=fetch)
    assert [row["age"] for row in rows] == [1, 2]
    assert (asked, events.faults) == (["https://s/c/raw.json"], {})


def test_the_gateways_id_stands_in_for_a_missing_correlation_id() -> None:
    rows, events = read(line([{"a": 1}], correlationid=None, xrequestid="x"))
    assert (rows[0]["correlationid"], events.faults) == ("x_0", {})


def test_times_with_seven_digits_and_with_an_offset() -> None:
    rows, _ = read(
        line([{}], time="2026-11-21T10:00:00.1234567Z")
        + line([{}], time="2026-11-21T11:00:00+01:00")
    )
    assert [row["time"].isoformat() for row in rows] == [
        "2026-11-21T10:00:00.123456",
        "2026-11-21T10:00:00",
    ]


def test_what_is_still_to_come_is_hidden_and_said() -> None:
    later = NOW + timedelta(minutes=5)
    rows, events = read(line([{"a": 1}], time=later.isoformat()) + line([{"a": 2}]))
    assert [row["a"] for row in rows] == [2]
    assert (events.hidden, events.first_hidden, events.faults) == (1, later, {})


@pytest.mark.parametrize(
    ("values", "kind", "stored"),
    [
        ([1, None, 2**40], "int64", [1, None, 2**40]),
        ([1, 2.5], "double", [1.0, 2.5]),
        ([2**53 + 1, 0.5], "double", [float(2**53), 0.5]),
        ([10**30], "double", [1e30]),
        ([True, None], "bool", [True, None]),
        (["a", None], "string", ["a", None]),
        ([1, "a", True], "string", ["1", "a", "true"]),
        ([1, True], "string", ["1", "true"]),
        ([{"x": [1]}, [2], None], "string", ['{"x":[1]}', "[2]", None]),
        ([None, None], "int32", [None, None]),
    ],
)
def test_json_values_get_the_narrowest_type(
    values: list[Any], kind: str, stored: list[Any]
) -> None:
    array = narrowest(values)
    assert (str(array.type), array.to_pylist()) == (kind, stored)


@pytest.mark.parametrize(
    ("asked", "values", "stored", "bad"),
    [
        ("BIGINT", [1, "2", 3.0, 2.5, "x", True, 2**70, None], [1, 2, 3, None, None, None, None, None], 4),
        ("DOUBLE", [1, "2.5", 3.5, "x", True, [1]], [1.0, 2.5, 3.5, None, None, None], 3),
        ("DECIMAL(9,2)", [1.25], [1.25], 0),
        ("BOOLEAN", [True, "false", 1, 0, "no", 2], [True, False, True, False, None, None], 2),
        ("VARCHAR", ["a", 1, 2.5, True, [1]], ["a", "1", "2.5", "true", "[1]"], 0),
        ("DATE", ["2026-01-02", "x", True], [datetime(2026, 1, 2), None, None], 2),  # noqa: DTZ001
        ("TIMESTAMP", [1767225600000, "2026-01-01T00:00:00Z"], [datetime(2026, 1, 1)] * 2, 0),  # noqa: DTZ001
    ],
)  # fmt: skip
def test_values_are_cast_to_the_type_of_the_training_data(
    asked: str, values: list[Any], stored: list[Any], bad: int
) -> None:
    array, count = cast(values, asked)
    assert (array.to_pylist(), count) == (stored, bad)


def test_bad_values_are_counted_by_column() -> None:
    content = line([{"age": "x", "name": "a"}, {"age": 2, "name": 3}])
    rows, events = read(content, columns={"age": "BIGINT", "name": "VARCHAR"})
    assert [(row["age"], row["name"]) for row in rows] == [(None, "a"), (2, "3")]
    assert events.faults == {"bad value: age": 1}


def test_mixed_schemas_are_joined_over_lines_files_and_chunks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cloud_events, "ROWS_A_CHUNK", 1)
    parts = [{"a": 1}, {"a": 2.5, "b": "x"}, {"b": 7}, {"c": None}, {"d": True}, {"d": 0}]
    events = Events(now=NOW, fetch=no_file)
    for part in parts:
        events.add(line([part]))
    table = events.table()
    kinds = {field.name: str(field.type) for field in table.schema}
    assert kinds | {"correlationid": "", "_index": "", "time": ""} == {
        "correlationid": "",
        "_index": "",
        "time": "",
        "a": "double",
        "b": "string",
        "c": "int32",
        "d": "string",
    }
    assert table["b"].to_pylist() == [None, "x", "7", None, None, None]
    assert table["d"].to_pylist() == [None, None, None, None, "true", "0"]


def test_features_named_like_ours_keep_their_values_under_another_name() -> None:
    [row] = read(line([{"time": 7, "correlationid": "mine"}]))[0]
    assert (row["time_"], row["correlationid_"], row["correlationid"]) == (7, "mine", "c_0")


def test_names_that_duckdb_would_take_for_one_are_kept_apart() -> None:
    [row] = read(line([{"Age": 1, "age": 2, "time": 3, "time_": 4}]))[0]
    assert (row["Age"], row["age_"], row["time_"], row["time__"]) == (1, 2, 3, 4)


def test_half_a_surrogate_pair_is_replaced() -> None:
    content = b'{"time": "2026-11-21T10:00:00Z", "correlationid": "\\ud800", "data": [{"a\\ud800": "\\ud800"}]}'
    [row] = read(content)[0]
    assert (row["correlationid"], row["a?"]) == ("?_0", "?")


def test_nothing_gives_an_empty_table_with_the_three_columns() -> None:
    table = Events(now=NOW, fetch=no_file).table()
    assert (table.num_rows, table.column_names) == (0, ["correlationid", "_index", "time"])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(deadline=None)  # a busy machine is no fault
@given(st.lists(json_values | st.binary(max_size=20), max_size=6), st.booleans())
def test_no_line_whatever_it_holds_stops_the_reader(payloads: list[Any], is_event: bool) -> None:  # noqa: FBT001
    content = b""
    for payload in payloads:
        if isinstance(payload, bytes):
            content += payload + b"\n"
        else:
            content += line(payload) if is_event else json.dumps(payload).encode() + b"\n"
    rows, events = read(content, columns={"a": "BIGINT"})
    assert len(rows) == events.rows
    pa.table({"rows": [len(rows)]})
