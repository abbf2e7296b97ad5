"""What the models were given and what they answered: features as they arrived, faults included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sample.builder.models import PIXELS, Trained, answers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sample.builder.incidents import Incident
    from sample.builder.plan import Plan

KILOMETRES_PER_MILE = 1.609344
#: Share of the weather fields that were null while the feed was down.
NULL_SHARE = 0.85
#: Share of the digits that come from the scanner that was to fail.
SECOND_SCANNER_SHARE = 0.5
_REQUEST = ("number", "time", "deployment", "instance", "subject")


def scored(
    requests: pd.DataFrame,
    subjects: pd.DataFrame,
    models: Mapping[str, Trained],
    incidents: Mapping[str, Incident],
    plan: Plan,
) -> pd.DataFrame:
    """Return one row a computed answer: request, inputs, outputs and the subject's outcome.

    Args:
        requests: The requests of one endpoint.
        subjects: The flights or scans that `requests.subject` points at.
        models: The model behind each of the endpoint's deployments.
        incidents: The script.
        plan: What the sample covers.
    """
    rows = requests.loc[requests["computed"], list(_REQUEST)].reset_index(drop=True)
    rows["deployment"] = rows["deployment"].astype("str")
    inputs = subjects.iloc[rows["subject"].to_numpy()].reset_index(drop=True)
    model = next(iter(models.values()))
    times = rows["time"].to_numpy("datetime64[ms]")
    arrived(inputs, model.name, times, incidents, plan.random(f"faults {model.name}"))
    rows = rows.join(inputs)
    parts = []
    for deployment, each in models.items():
        here = rows.index[rows["deployment"] == deployment]
        parts.append(answers(each, rows.loc[here]).set_index(here))
    return rows.join(pd.concat(parts).sort_index())


def failed(
    requests: pd.DataFrame,
    subjects: pd.DataFrame,
    model: Trained,
    incidents: Mapping[str, Incident],
    plan: Plan,
) -> pd.DataFrame:
    """Return one row a request that failed in the model: request and inputs, for there is no output.

    Arguments as for `scored`; the models of an endpoint have the same features.
    """
    chosen = requests["given"] & ~requests["computed"]
    rows = requests.loc[chosen, list(_REQUEST)].reset_index(drop=True)
    rows["deployment"] = rows["deployment"].astype("str")
    inputs = subjects.iloc[rows["subject"].to_numpy()].reset_index(drop=True)
    times = rows["time"].to_numpy("datetime64[ms]")
    arrived(inputs, model.name, times, incidents, plan.random(f"faults of failed {model.name}"))
    return rows.join(inputs[list(model.features)])


def arrived(
    inputs: pd.DataFrame,
    model: str,
    times: NDArray[np.datetime64],
    incidents: Mapping[str, Incident],
    random: np.random.Generator,
) -> None:
    """Change the inputs in place to what upstream faults made of them."""
    if model == "flight-delay":
        _delay_inputs(inputs, times, incidents, random)
    elif model == "flight-time":
        far = incidents["distance-kilometres"].covers(times)
        kilometres = (inputs["distance"] * KILOMETRES_PER_MILE).round().astype("int64")
        inputs["distance"] = inputs["distance"].mask(far, kilometres)
    else:
        second = random.random(len(inputs)) < SECOND_SCANNER_SHARE
        inverted = incidents["scanner-inverted"].covers(times) & second
        pixels = inputs[list(PIXELS)].to_numpy()
        inputs[list(PIXELS)] = np.where(inverted[:, None], 16 - pixels, pixels)


def _delay_inputs(
    inputs: pd.DataFrame,
    times: NDArray[np.datetime64],
    incidents: Mapping[str, Incident],
    random: np.random.Generator,
) -> None:
    celsius = incidents["temperature-celsius"].covers(times)
    for feature in incidents["temperature-celsius"].features:
        degrees = ((inputs[feature] - 32) * 5 / 9).round(2)
        inputs[feature] = inputs[feature].mask(celsius, degrees)
    seconds = incidents["delay-seconds"].covers(times)
    inputs["origin_delay"] = inputs["origin_delay"].mask(
        seconds, (inputs["origin_delay"] * 60).round(1)
    )
    renamed = incidents["carrier-renamed"].covers(times) & inputs["carrier"].eq("UA")
    inputs["carrier"] = inputs["carrier"].mask(renamed, "UAL")
    down = incidents["weather-nulls"].covers(times) & (random.random(len(inputs)) < NULL_SHARE)
    for feature in incidents["weather-nulls"].features:
        inputs[feature] = inputs[feature].mask(down)
