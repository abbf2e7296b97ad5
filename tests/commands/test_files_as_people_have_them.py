"""The file commands on files as people have them: what is read, what is left out, what exit code."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring.__main__ import main
from monitoring.counting.engine.tables import by_day, open_table

DATA = Path(__file__).parents[1] / "data" / "files"


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def drift(
    capsys: pytest.CaptureFixture[str], reference: Path, production: Path, *more: str
) -> tuple[int, dict[str, set[str]], str]:
    """Return the exit code, the statuses of each feature, and what standard error says."""
    code, out, err = run(
        capsys, "drift", "--reference", reference, "--production", production,
        "--format", "json", *more,
    )  # fmt: skip
    found: dict[str, set[str]] = {}
    for record in json.loads(out or "[]"):
        found.setdefault(record["feature"], set()).add(record["status"])
    return code, found, err


def write_csv(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("reference", "production", "feature"),
    [("ref.csv", "prod.csv", "code"), ("flag_ref.csv", "flag_prod.csv", "flag")],
)
@pytest.mark.parametrize("mode", ["robust", "azureml"])
def test_a_feature_that_was_asked_for_and_cannot_be_compared_stands_alone_and_fails(
    capsys: pytest.CaptureFixture[str], reference: str, production: str, feature: str, mode: str
) -> None:
    folder = DATA / "features_option_ignored"
    code, found, _ = drift(
        capsys, folder / reference, folder / production, "--features", feature, "--mode", mode
    )
    assert (code, found) == (1, {feature: {"error"}})


@pytest.mark.parametrize("command", [("drift", "--production"), ("quality", "--data")])
@pytest.mark.parametrize("features", ["", ",", " , "])
def test_features_that_name_none_never_mean_all(
    capsys: pytest.CaptureFixture[str], command: tuple[str, str], features: str
) -> None:
    folder = DATA / "pandas_index_column"
    name, option = command
    code, out, err = run(
        capsys, name, "--reference", folder / "ref.parquet", option, folder / "prod.parquet",
        "--features", features,
    )  # fmt: skip
    assert (code, out) == (1, "")
    assert "it names none" in err


def test_a_column_that_one_side_lacks_is_not_passed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x = [float(value) for value in range(200)]
    pq.write_table(pa.table({"x": x, "y": x}), tmp_path / "reference.parquet")
    pq.write_table(pa.table({"x": x}), tmp_path / "production.parquet")
    code, found, _ = drift(capsys, tmp_path / "reference.parquet", tmp_path / "production.parquet")
    assert (code, found) == (1, {"x": {"ok"}, "y": {"error"}})


def test_parts_of_different_types_are_not_passed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The column is blind in every part, whatever happened to it."""
    (tmp_path / "production").mkdir()
    age = list(range(200))
    pq.write_table(pa.table({"age": age}), tmp_path / "reference.parquet")
    pq.write_table(pa.table({"age": age}), tmp_path / "production" / "0.parquet")
    pq.write_table(pa.table({"age": [str(n) for n in age]}), tmp_path / "production" / "1.parquet")
    code, found, _ = drift(capsys, tmp_path / "reference.parquet", tmp_path / "production")
    assert (code, found) == (1, {"age": {"error"}})


def test_too_few_rows_are_blind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pq.write_table(pa.table({"x": [float(n) for n in range(200)]}), tmp_path / "reference.parquet")
    pq.write_table(pa.table({"x": [1.0]}), tmp_path / "production.parquet")
    code, found, _ = drift(capsys, tmp_path / "reference.parquet", tmp_path / "production.parquet")
    assert (code, found) == (3, {"x": {"not_enough_data"}})


@pytest.mark.parametrize(("suffix", "column"), [("parquet", "embedding"), ("jsonl", "a")])
def test_quality_names_a_nested_column_and_checks_the_rest(
    capsys: pytest.CaptureFixture[str], suffix: str, column: str
) -> None:
    folder = DATA / "quality_crashes_on_lists"
    code, out, _ = run(
        capsys, "quality", "--reference", folder / f"ref.{suffix}",
        "--data", folder / f"prod.{suffix}", "--format", "json",
    )  # fmt: skip
    statuses = {(r["feature"], r["status"]) for r in json.loads(out)}
    assert code == 1
    assert (column, "error") in statuses
    assert ("x", "ok") in statuses


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([[1], [1], [2]], pa.list_(pa.int64())),
        ([{"b": 1}, {"b": 1}, None], pa.struct([("b", pa.int64())])),
        ([[("k", 1)], [("k", 1)], []], pa.map_(pa.string(), pa.int64())),
    ],
)
def test_rows_that_differ_in_a_nested_value_alone_are_no_duplicates(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    values: list[object],
    dtype: pa.DataType,
) -> None:
    """Every third row is another one, so 2 of 3 kinds of rows are there: 2 of 300 are the first."""
    file = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"x": [1.0] * 300, "n": pa.array(values * 100, dtype)}), file)
    _, out, _ = run(capsys, "quality", "--reference", file, "--data", file, "--format", "json")
    (share,) = [r["value"] for r in json.loads(out) if r["metric"] == "duplicate_row_rate"]
    assert share == pytest.approx(298 / 300)


@pytest.mark.parametrize("side", ["ref", "prod"])
def test_numbers_may_be_names_of_columns(tmp_path: Path, side: str) -> None:
    table = open_table(DATA / "number_as_header" / f"{side}.csv", store=tmp_path)
    assert (table.columns, table.rows) == ({"2019": "double", "2020": "double"}, 200)


@pytest.mark.parametrize("side", ["ref", "prod"])
def test_an_unnamed_pandas_index_is_left_out_and_named(side: str) -> None:
    table = open_table(DATA / "pandas_index_column" / f"{side}.parquet")
    assert list(table.columns) == ["x"]
    assert "'__index_level_0__'" in table.notes[0]


def test_a_named_pandas_index_is_a_column(tmp_path: Path) -> None:
    said = json.dumps({"index_columns": ["customer"], "columns": []})
    columns = pa.table({"x": [1.0], "customer": [7]}).replace_schema_metadata({"pandas": said})
    pq.write_table(columns, tmp_path / "named.parquet")
    assert list(open_table(tmp_path / "named.parquet").columns) == ["x", "customer"]


@pytest.mark.parametrize("said", ["{", "[]", '{"index_columns": 3}', '{"index_columns": [{}]}'])
def test_what_pandas_is_said_to_have_written_may_be_damaged(tmp_path: Path, said: str) -> None:
    columns = pa.table({"x": [1.0]}).replace_schema_metadata({"pandas": said})
    pq.write_table(columns, tmp_path / "odd.parquet")
    assert list(open_table(tmp_path / "odd.parquet").columns) == ["x"]


@pytest.mark.parametrize("last", ["red;blue", "red,blue", "red|blue", "red\tblue"])
def test_a_separator_in_the_last_line_loses_no_rows(tmp_path: Path, last: str) -> None:
    file = write_csv(tmp_path / "one.csv", "color", *["red"] * 199, last)
    table = open_table(file, store=tmp_path)
    assert (list(table.columns), table.rows) == (["color"], 200)


@pytest.mark.parametrize(
    ("mark", "last"), [(",", "1,red;blue"), (";", "1;red,blue"), ("|", "1|a;b")]
)
def test_another_separator_in_the_last_line_of_more_columns(
    tmp_path: Path, mark: str, last: str
) -> None:
    lines = [mark.join(("n", "color")), *[mark.join(("1", "red"))] * 199, last]
    table = open_table(write_csv(tmp_path / "two.csv", *lines), store=tmp_path)
    assert (list(table.columns), table.rows) == (["n", "color"], 200)


def test_the_case_of_the_last_line_is_read_whole(tmp_path: Path) -> None:
    table = open_table(DATA / "dialect_change_loses_rows" / "prod.csv", store=tmp_path)
    assert (list(table.columns), table.rows) == (["color"], 200)


@pytest.mark.parametrize(
    "name", ["part[1].csv", "part*.csv", "part?.csv", "[a-z]*[?].csv", "a]b.csv"]
)
def test_a_name_is_no_pattern(tmp_path: Path, name: str) -> None:
    """Beside the file lies one that the name would meet as a pattern."""
    for other in ("part1.csv", "part2.csv", "ab.csv"):
        write_csv(tmp_path / other, "n", "1")
    table = open_table(write_csv(tmp_path / name, "n", "1", "2", "3"), store=tmp_path / "store")
    assert table.rows == 3


@pytest.mark.parametrize("folder", ["day=[1]", "a*", "b?"])
def test_days_are_cut_from_the_file_itself(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    days = pa.array([datetime(2026, 1, day, tzinfo=UTC) for day in (1, 1, 2)])
    pq.write_table(pa.table({"t": days, "x": [1, 2, 3]}), tmp_path / folder / "rows.parquet")
    (tmp_path / "store").mkdir()
    parts = by_day(open_table(tmp_path / folder / "rows.parquet"), "t", tmp_path / "store")
    assert {day.day: part.rows for day, part in parts.items()} == {1: 2, 2: 1}


@pytest.mark.parametrize(("production", "expected"), [("text_prod_int", 0.0), ("text_ref", 0.0)])
def test_azureml_looks_for_sets_of_categorical_features_only(
    capsys: pytest.CaptureFixture[str], production: str, expected: float
) -> None:
    folder = DATA / "azureml_out_of_bounds"
    code, out, _ = run(
        capsys, "quality", "--mode", "azureml", "--reference", folder / "text_ref.parquet",
        "--data", folder / f"{production}.parquet", "--format", "json",
    )  # fmt: skip
    (share,) = [r["value"] for r in json.loads(out) if r["metric"] == "out_of_bounds_rate"]
    assert (code, share) == (0, expected)


def test_azureml_finds_a_text_outside_the_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for side, last in (("reference", "a"), ("production", "new")):
        pq.write_table(pa.table({"c": ["a"] * 9 + [last]}), tmp_path / f"{side}.parquet")
    code, out, _ = run(
        capsys, "quality", "--mode", "azureml", "--reference", tmp_path / "reference.parquet",
        "--data", tmp_path / "production.parquet", "--format", "json",
    )  # fmt: skip
    (share,) = [r["value"] for r in json.loads(out) if r["metric"] == "out_of_bounds_rate"]
    assert (code, share) == (2, 0.1)


def performance(
    capsys: pytest.CaptureFixture[str], folder: str, *more: str
) -> tuple[int, str, str]:
    return run(
        capsys, "performance", "--data", DATA / folder / "prod.csv", "--reference",
        DATA / folder / "ref.csv", "--target", "label", "--prediction", "pred", *more,
    )  # fmt: skip


def test_a_reference_of_one_day_measures_what_was_realized(
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = "07_reference_of_one_day_crashes"
    code, out, _ = performance(capsys, folder, "--probability", "proba", "--time", "t")
    assert code == 0
    assert "accuracy " in out
    assert "1 days, 14 needed" in out


def test_amounts_that_are_no_numbers_are_left_out_and_the_estimate_says_why(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, _ = performance(capsys, "08_inf_in_csv_crashes_performance")
    assert code == 0
    assert "Left out or lacking: 2 prediction or label that is no number." in out
    assert "Not estimated: 'pred' of " in out


SCORES = [("--probability", "proba"), ()]


@pytest.mark.parametrize("more", SCORES, ids=["beside a probability", "alone"])
def test_a_prediction_that_holds_the_probability_is_refused(
    capsys: pytest.CaptureFixture[str], more: tuple[str, ...]
) -> None:
    code, _, err = performance(capsys, "10_prediction_holds_the_probability", *more)
    assert code == 1
    assert "'pred' holds scores, not classes, while 'label' holds classes" in err


@pytest.mark.parametrize("labels", [("good", "bad"), (1, -1), (2, 1), ("True", "False")], ids=str)
def test_scores_beside_labels_of_two_classes_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], labels: tuple[object, object]
) -> None:
    good, bad = labels
    rows = [f"{n / 200},{good if n % 3 else bad}" for n in range(200)]
    data = write_csv(tmp_path / "data.csv", "pred,label", *rows)
    code, _, err = run(
        capsys, "performance", "--data", data, "--target", "label", "--prediction", "pred"
    )
    assert code == 1
    assert "holds scores, not classes" in err


def test_shares_that_are_predicted_as_amounts_are_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{n / 200},{(n + 3) / 203}" for n in range(200)]
    data = write_csv(tmp_path / "data.csv", "pred,label", *rows)
    code, out, _ = run(
        capsys, "performance", "--data", data, "--target", "label", "--prediction", "pred"
    )
    assert code == 0
    assert "mean_absolute_error" in out


def test_probabilities_in_percent_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    folder = "20_probabilities_in_percent"
    code, _, err = performance(capsys, folder, "--probability", "proba")
    assert code == 1
    assert "595 of 600 values of 'proba' lie outside of 0 to 1" in err
    assert "divide percent by 100" in err


def test_percent_of_a_rare_class_are_refused_though_most_are_below_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{n / 100},{n % 2},{n % 2}" for n in range(120)]  # a sixth above 1 %
    data = write_csv(tmp_path / "data.csv", "proba,pred,label", *rows)
    code, _, err = run(
        capsys, "performance", "--data", data, "--target", "label", "--prediction", "pred",
        "--probability", "proba",
    )  # fmt: skip
    assert code == 1
    assert "19 of 120 values of 'proba' lie outside of 0 to 1" in err


@pytest.mark.parametrize("value", ["-0.02", "1.04", "80"])
def test_a_threshold_that_no_value_can_pass_is_refused(
    capsys: pytest.CaptureFixture[str], value: str
) -> None:
    folder = "07_reference_of_one_day_crashes"
    code, _, err = performance(capsys, folder, "--threshold", f"accuracy={value}")
    assert code == 1
    assert "it lies between 0 and 1" in err
