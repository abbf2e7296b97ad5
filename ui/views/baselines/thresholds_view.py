"""Thresholds and benchmarks on screen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

import pandas as pd
import streamlit as st

from monitoring.decisions.stored import Benchmark
from monitoring.errors import InputError
from monitoring.metrics.drift import HEADLINE
from monitoring.metrics.drift import METRICS as DRIFT
from monitoring.metrics.performance import METRICS as PERFORMANCE
from monitoring.signals import SIGNALS
from ui.loaders import baselines
from ui.loaders.baselines import EXPECTED_SIGNALS, InForce, Measures
from ui.parts import cards, states
from ui.parts.glossary import explain
from ui.views.baselines.baselines_view import (
    OWN_THRESHOLDS,
    Place,
    act,
    ask_name,
    ask_note,
    in_words,
)

EVERY = "every feature"
KINDS = ("numerical", "categorical")
METRIC, OF, VALUE = "Metric", "Of", "Threshold"


def show(place: Place, here: InForce | None) -> None:
    """Draw the sets that there are, and the editor that makes the next one."""
    endpoint, deployment, signal = place
    if here is None:
        st.text("Sets cannot be shown while the database cannot be read.")
        return
    _show_known(here, signal)
    labels = [OWN_THRESHOLDS, *(each.label for each in here.sets)]
    start = st.selectbox("Begin with", labels, key=f"begin-{signal}", width=340)
    chosen = next((each for each in here.sets if each.label == start), None)
    metrics = _metrics(endpoint, deployment, signal)
    places = _places(endpoint, deployment, signal)
    values = chosen.thresholds if chosen else defaults(signal)
    with st.form(f"thresholds-{signal}", border=False):
        edited = _edit(values, metrics, places, f"{signal}-{start}")
        st.caption("Write into the last line to add a threshold; mark a line to remove it.")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = ask_name(f"set-name-{signal}-{start}", chosen.name if chosen else "")
            note = ask_note(f"set-note-{signal}", "Note, optional")
        pressed = st.form_submit_button("Keep set", icon=":material/save:")
    if pressed:

        def change() -> None:
            found = thresholds_of(edited, metrics)
            baselines.keep_thresholds(signal, name, found, note)

        act(f"Kept: {' '.join(name.split())}. It is in force once you switch to it.", change)


def _show_known(here: InForce, signal: str) -> None:
    if not here.sets:
        st.text("Nobody has made one yet.")
        return
    table = pd.DataFrame(
        [
            {
                "In force": "✓" if each == here.thresholds else "",
                "Name": each.name,
                "Version": each.version,
                "Thresholds": in_words(each.thresholds),
                "Made": f"{each.created:%Y-%m-%d %H:%M}",
                "By": str(each.author),
                "Note": each.note,
            }
            for each in here.sets
        ]
    )
    cards.show_table(table, key=f"sets-{signal}", alt="Sets of thresholds")


def _metrics(endpoint: str, deployment: str, signal: str) -> dict[str, str]:
    """Return labels by metric: of performance those of the model's task, else all of the signal."""
    if signal in EXPECTED_SIGNALS:
        offered = baselines.measures(endpoint, deployment).metrics
        return {name: PERFORMANCE[name].label for name in offered}
    return {name: facts.label for name, facts in SIGNALS[signal].metrics.items()}


def _places(endpoint: str, deployment: str, signal: str) -> list[str]:
    """Return what a threshold can be narrowed to; nothing where it is of the whole."""
    if signal == "data_drift":
        return [EVERY, *KINDS, *baselines.features(endpoint, deployment)]
    return [EVERY, *KINDS] if signal == "prediction_drift" else []


def defaults(signal: str) -> dict[str, float]:
    """Return the product's own thresholds, where they depend on nothing else.

    >>> defaults("outliers")["outside_training_range_rate"]
    0.01
    """
    facts = SIGNALS[signal].metrics
    stated = {name: each.threshold for name, each in facts.items()}
    known = {name: value for name, value in stated.items() if value is not None}
    if set(HEADLINE.values()) <= facts.keys():
        days = {
            f"{HEADLINE[kind]}:{kind}": DRIFT[HEADLINE[kind]].thresholds[kind] for kind in KINDS
        }
        return days | known
    return known


def _edit(
    values: Mapping[str, float], metrics: Mapping[str, str], places: list[str], key: str
) -> pd.DataFrame:
    """Draw the editor: a line a threshold."""
    split = [name.partition(":") for name in values]
    columns: dict[str, object] = {
        METRIC: [metrics.get(name, name) for name, _, _ in split],
        OF: [of or EVERY for _, _, of in split],
        VALUE: [float(value) for value in values.values()],
    }
    shown = {
        METRIC: st.column_config.SelectboxColumn(
            options=list(metrics.values()), required=True, width="medium"
        ),
        OF: st.column_config.SelectboxColumn(
            options=places, default=EVERY, width="medium", help="One feature goes before its kind."
        ),
        VALUE: st.column_config.NumberColumn(format="%.4g", help=explain("threshold")),
    }
    if not places:
        del columns[OF], shown[OF]
    table = pd.DataFrame(columns).astype({METRIC: "str", VALUE: "float64"})
    return st.data_editor(
        table,
        num_rows="dynamic",
        hide_index=True,
        column_config=shown,
        key=f"editor-{key}",
        width=760 if places else 480,
    )


def thresholds_of(table: pd.DataFrame, metrics: Mapping[str, str]) -> dict[str, float]:
    """Read the editor's lines.

    Raises:
        InputError: A line has no number, or two lines set the same threshold.

    >>> lines = pd.DataFrame({METRIC: ["Hellinger"], OF: ["temp"], VALUE: [0.2]})
    >>> thresholds_of(lines, {"hellinger_distance": "Hellinger"})
    {'hellinger_distance:temp': 0.2}
    """
    names = {label: name for name, label in metrics.items()}
    found: dict[str, float] = {}
    for line in table.to_dict("records"):
        label, value = line.get(METRIC), line.get(VALUE)
        if label is None or label != label:  # an empty line  # noqa: PLR0124 - NaN
            continue
        name, of = names[label], line.get(OF) or EVERY
        key = name if of == EVERY else f"{name}:{of}"
        if value is None or not math.isfinite(value):
            raise InputError(f"The threshold of {label!r} has no number", hint="Write one.")
        if key in found:
            raise InputError(
                f"The threshold of {label!r} of {of} is set twice", hint="Remove one of the lines."
            )
        found[key] = float(value)
    return found


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.5g}"


def show_benchmarks(place: Place, here: InForce | None) -> None:
    """Draw what each metric of the model version should be, and the form that sets it."""
    endpoint, deployment, _ = place
    if here is None:
        st.text("Benchmarks cannot be shown while the database cannot be read.")
        return
    known = baselines.measures(endpoint, deployment)
    labels = {name: PERFORMANCE[name].label for name in known.metrics}
    st.caption(f"Of the model version {cards.escaped(known.model)}. " + explain("benchmark"))
    table = _benchmark_table(known, labels)
    cards.show_table(table, key="benchmarks-known", alt="What each metric should be")
    _ask_benchmark(endpoint, deployment, labels)


def _benchmark_table(known: Measures, labels: Mapping[str, str]) -> pd.DataFrame:
    mine = {each.metric: each for each in known.benchmarks}
    return pd.DataFrame(
        [
            {
                "Metric": label,
                "Registered": _number(known.registered.get(name)),
                **_benchmark_cells(mine.get(name)),
            }
            for name, label in labels.items()
        ]
    )


def _benchmark_cells(mine: Benchmark | None) -> dict[str, str]:
    """Return what somebody has set here, and who."""
    if mine is None:
        return dict.fromkeys(("Set here", "By", "Since", "Note"), "")
    return {
        "Set here": _number(mine.value),
        "By": str(mine.author),
        "Since": f"{mine.created:%Y-%m-%d %H:%M}",
        "Note": mine.note,
    }


def _ask_benchmark(endpoint: str, deployment: str, labels: Mapping[str, str]) -> None:
    with st.form("benchmark", border=False):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            metric = st.selectbox(
                "Metric", list(labels), format_func=labels.__getitem__, key="benchmark-metric",
                width=280,
            )  # fmt: skip
            value = st.number_input("Should be", value=None, key="benchmark-value", format="%.5g")
            note = ask_note("benchmark-note", width=280)
        with st.container(horizontal=True):
            given = st.form_submit_button("Set", icon=":material/save:", key="benchmark-set")
            taken = st.form_submit_button(
                "Withdraw", icon=":material/undo:", key="benchmark-withdraw",
                help="The registered model's own value counts again.",
            )  # fmt: skip
    if given and value is None:
        states.show_error(InputError("No value is given", hint="Write a number."))
    elif given or taken:
        wanted = None if taken else value
        change = partial(baselines.set_benchmark, endpoint, deployment, metric, wanted, note)
        act(f"{'Withdrawn' if taken else 'Set'}: {labels[metric]}.", change)
