"""What views share: the columns of judged numbers, and choices that come from a link."""

from __future__ import annotations

import io
import math
import re
from pathlib import Path

import pandas as pd
import pytest
from streamlit.elements.lib.file_uploader_utils import enforce_filename_restriction
from streamlit.errors import StreamlitAPIException
from streamlit.testing.v1 import AppTest

from monitoring.metric import Interval, MetricResult
from monitoring.place import Place
from ui.parts import cards, numbers, result_table, states


def result(value: float | None, interval: Interval | None = None) -> MetricResult:
    return MetricResult(
        signal="data_drift",
        metric="hellinger_distance",
        place=Place(endpoint="credit", deployment="blue", feature="age"),
        status="no_data" if value is None else "ok",
        threshold=0.1,
        value=value,
        interval=interval,
        reason="" if value else "no rows",
    )


def test_a_table_leaves_out_what_nobody_knows_but_never_the_values() -> None:
    table = result_table.results_table([result(None)], {})
    assert "Value" in table
    assert not {"Low (95 %)", "Noise floor", "p adjusted"} & set(table)
    assert list(table["Why"]) == ["no rows"]


def test_numbers_have_four_digits_and_an_interval() -> None:
    labels = {"hellinger_distance": "Hellinger"}
    table = result_table.undated_table([result(0.123456, Interval(0.1, 0.2))], labels)
    row = table.to_dict("records")[0]
    assert (row["Metric"], row["Value"], row["High (95 %)"]) == ("Hellinger", 0.1235, 0.2)
    assert row["Threshold"] == "> 0.1"


def test_what_is_not_known_is_a_gap_and_never_zero() -> None:
    assert math.isnan(numbers.rounded(None))
    assert numbers.text(None) == numbers.text(math.nan) == numbers.NONE


def script() -> None:
    import streamlit as st  # noqa: PLC0415 - runs as a script

    from ui.parts import choices  # noqa: PLC0415 - runs as a script

    st.text(choices.known_pick("Feature", ["age", "income"], "feature"))
    st.text(choices.switch("Mode", {"robust": "Robust", "azureml": "As Azure ML"}, "mode"))


def test_a_choice_of_another_page_is_not_taken() -> None:
    app = AppTest.from_function(script, default_timeout=30)
    app.session_state["feature"] = "distance"
    app.run()
    assert not app.exception
    assert [text.value for text in app.text] == ["age", "robust"]


@pytest.mark.parametrize("name", ["x.exe", "x\0.csv"])
def test_a_name_that_no_browser_lets_choose_is_one_sentence(name: str) -> None:
    with pytest.raises(StreamlitAPIException) as caught:
        enforce_filename_restriction(name, [".csv"])
    state = states.of_error(caught.value)
    assert state.title == "Cannot use this"
    assert "Cannot use the upload" in state.what


def test_no_cell_of_a_download_is_a_formula_and_numbers_stay() -> None:
    evil = '=HYPERLINK("http://evil.example","x")'
    table = pd.DataFrame(
        {evil: [evil, "plain", None], "n": [-1.5, 2.0, None], "m": ["-1.5", 1, "@x"]}
    )
    again = pd.read_csv(io.BytesIO(cards.csv_of(table)))
    assert list(again.columns) == [f"'{evil}", "n", "m"]
    assert again.iloc[0, 0] == f"'{evil}"
    assert again["n"].tolist()[:2] == [-1.5, 2.0]
    assert again["m"].tolist() == ["-1.5", "1", "'@x"]
    doubled = pd.DataFrame([["=1", "=2"]], columns=["a", "a"])
    assert cards.csv_of(doubled) == b"a,a\n'=1,'=2\n"
    assert cards.csv_of(pd.DataFrame({"a": []})) == b"a\n"


def test_every_csv_goes_through_one_function() -> None:
    root = Path(__file__).parents[2]
    files = [path for top in ("ui", "pages", "monitoring") for path in (root / top).rglob("*.py")]
    assert [p.name for p in files if "to_csv" in p.read_text("utf-8")] == ["cards.py"]
    assert [p.name for p in files if re.search(r"csv\.\w*[wW]riter", p.read_text("utf-8"))] == [
        "output.py"
    ]
