"""A frozen incident comes back as it was, says when it is damaged, and stays small."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import at
from synthetic_incidents import HOUR, NOW, report

from benchmarks.hostile_bundles import hostile, parts_of, signed
from monitoring.errors import InputError
from monitoring.incident import Incident
from monitoring.incidents import bundle, frozen, lanes
from monitoring.incidents.frozen import Asked, Frozen, LogLines
from monitoring.incidents.lane import Lane
from monitoring.incidents.report import IncidentReport
from monitoring.metric import Interval, MetricResult
from monitoring.place import Place
from monitoring.results.json_records import plain, read

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def whole() -> IncidentReport:
    return report(7, (("credit", "blue"), ("loan", "green")))


@pytest.fixture(scope="module")
def made(whole: IncidentReport) -> Frozen:
    incident = next(i for i in whole.incidents if i.endpoint == "credit" and "traffic" in i.signals)
    logs = (
        LogLines(name="console", columns=("First", "Message"), rows=(("2026-11-21", "naïve 🚀"),)),
    )
    return frozen.freeze(whole, incident, frozen=NOW, workspace="w", logs=logs)


@pytest.fixture(scope="module")
def packed(made: Frozen) -> bytes:
    return bundle.write(made)


def texts(packed: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def repacked(parts: dict[str, bytes], comment: bytes = b"0" * 64) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
        archive.comment = comment
    return file.getvalue()


def test_what_is_written_is_read_again_field_by_field(made: Frozen, packed: bytes) -> None:
    again = bundle.open_(packed)
    for field in fields(Frozen):
        if field.name != "lanes":
            assert getattr(again, field.name) == getattr(made, field.name), field.name
    assert len(again.lanes) == len(made.lanes)
    for one, other in zip(again.lanes, made.lanes, strict=True):
        assert np.array_equal(one.times, other.times)
        assert np.array_equal(one.values, other.values, equal_nan=True)
        empty = np.array([])
        assert (
            replace(one, times=empty, values=empty).__repr__()
            == replace(other, times=empty, values=empty).__repr__()
        )


def unlabelled(incident: Incident) -> Incident:
    """What metrics are called may change from version to version; of steps version 1 says no length."""
    breaches = tuple(replace(each, label="", step_seconds=0) for each in incident.breaches)
    return replace(incident, breaches=breaches)


def test_a_bundle_of_version_1_opens_and_says_the_same(packed: bytes) -> None:
    old = bundle.open_((DATA / "old_bundle.incident.zip").read_bytes())
    assert str(old.incident.place) == "credit/blue"
    assert {str(breach.place) for breach in old.incident.breaches} >= {"credit/blue"}
    new = bundle.open_(packed)
    assert old.moments == new.moments
    assert [unlabelled(each) for each in old.incidents] == [unlabelled(e) for e in new.incidents]
    assert old.thresholds == new.thresholds
    assert [(lane.name, lane.place) for lane in old.lanes] == [
        (lane.name, lane.place) for lane in new.lanes
    ]
    assert b'"subject"' not in b"".join(texts(packed).values())
    assert bundle.open_(bundle.write(old)).incident == old.incident


def test_the_same_incident_gives_the_same_bytes(made: Frozen, packed: bytes) -> None:
    assert bundle.write(bundle.open_(packed)) == packed == bundle.write(made)


def test_numbers_keep_every_bit_and_gaps_stay_gaps() -> None:
    values = np.array([0.1 + 0.2, np.nan, 1e-308, -0.0, np.inf, 5e15])
    times = np.arange(6).astype("datetime64[s]")
    lane = Lane(name="x", label="X", group="data", place=at("a/b"), times=times, values=values)
    again = read(Lane, json.loads(json.dumps(plain(lane), allow_nan=False)))
    assert again.values.tobytes() == values.tobytes()
    assert again.times.dtype == times.dtype
    result = MetricResult(signal="s", metric="m", place=Place(feature="x"), status="ok", threshold=float("nan"),
                          interval=Interval(0.1, float("inf")), value=3.0)  # fmt: skip
    back = read(MetricResult, json.loads(json.dumps(plain(result))))
    assert np.isnan(back.threshold)
    assert replace(back, threshold=0.0) == replace(result, threshold=0.0)


def test_any_flipped_byte_is_detected(packed: bytes) -> None:
    chance = np.random.default_rng(1)
    places = {
        *range(40),
        *range(len(packed) - 110, len(packed)),
        *chance.choice(len(packed), 300).tolist(),
    }
    for place in sorted(places):
        bad = bytearray(packed)
        bad[place] ^= 1 << int(chance.integers(8))
        with pytest.raises(InputError, match=r"Cannot (open|read)"):
            bundle.open_(bytes(bad))


def test_a_changed_part_is_named_even_if_the_archive_is_sound(packed: bytes) -> None:
    parts = texts(packed)
    parts["lanes.json"] = parts["lanes.json"].replace(b"error_rate", b"error_fate")
    with pytest.raises(InputError, match=r"lanes\.json was changed after it was frozen"):
        bundle.open_(repacked(parts))


def test_what_does_not_fit_is_refused_in_one_sentence(packed: bytes) -> None:
    newer = json.loads(texts(packed)["manifest.json"]) | {"version": 3, "product": "9.1"}
    foreign = newer | {"format": "else", "version": 1}
    cases = {
        b"": "no zip archive",
        b"PK": "no zip archive",
        packed[: len(packed) // 2]: "cannot be read",
        pickle.dumps(["x"]): "no zip archive",
        repacked({"a.json": b"{}"}): "other parts",
        repacked(texts(packed) | {"../../etc/cron.d/x": b"* * * * *"}): "other parts",
        repacked(texts(packed) | {"manifest.json": json.dumps(newer).encode()}): "version 3",
        repacked(texts(packed) | {"manifest.json": json.dumps(foreign).encode()}): "something else",
        repacked(texts(packed) | {"manifest.json": b"[" * 100_000}): "no JSON",
        repacked(texts(packed) | {"manifest.json": b"[]"}): "not as it was written",
        b"x" * (bundle.MOST_BYTES + 1): "more than a bundle has",
    }
    for content, said in cases.items():
        with pytest.raises(InputError, match=said) as caught:
            bundle.open_(content)
        assert caught.value.hint
        assert "\n" not in caught.value.message


def test_an_archive_that_unpacks_without_end_is_not_unpacked(packed: bytes) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts(packed).items():
            archive.writestr(
                name, b"0" * (bundle.MOST_UNPACKED + 1) if name == "lanes.json" else text
            )
    assert len(file.getvalue()) < bundle.MOST_BYTES
    with pytest.raises(InputError, match="unpack to more"):
        bundle.open_(file.getvalue())


@pytest.mark.parametrize(
    "data",
    [
        [], {"time": 3}, {"time": "yesterday"}, {"time": "2026-01-01T00:00:00+00:00", "suspects": [3]},
        {"time": "2026-01-01T00:00:00+00:00", "incident": None, "suspects": [], "__class__": "os"},
        {"time": "2026-01-01T00:00:00+00:00"},
    ],
)  # fmt: skip
def test_records_of_another_shape_are_refused(data: object) -> None:
    with pytest.raises(InputError, match="Cannot read"):
        read(frozen.Moment, data)


@pytest.mark.slow
def test_ninety_days_of_every_lane_stay_below_the_limit(made: Frozen) -> None:
    long = report(90, (("credit", "blue"),), step=HOUR / 4)
    full = replace(made, lanes=lanes.of(long), window=long.window)
    packed = bundle.write(full)
    assert sum(len(lane.times) for lane in full.lanes) > 60_000
    assert len(packed) <= bundle.MOST_BYTES
    assert not bundle.open_(packed).thinned


def test_what_is_too_large_is_thinned_keeps_its_spikes_and_says_so(made: Frozen) -> None:
    chance = np.random.default_rng(2)
    lines = tuple((f"{n}", f"{chance.random()}") for n in range(3_000))
    large = replace(made, logs=(LogLines(name="console", columns=("a", "b"), rows=lines),))
    small = bundle.open_(bundle.write(large, most_bytes=40_000))
    assert "To keep the file small" in small.thinned
    assert "of 3000 lines" in small.logs[0].cut
    for one, other in zip(small.lanes, made.lanes, strict=True):
        if len(other.values) and not np.isnan(other.values).all():
            assert np.nanmax(one.values) == np.nanmax(other.values)
    with pytest.raises(InputError, match="are more than"):
        bundle.write(large, most_bytes=1_000)


def test_moments_hold_what_was_known_then_and_nothing_later(
    made: Frozen, whole: IncidentReport
) -> None:
    assert [m.time for m in made.moments] == sorted(m.time for m in made.moments)
    assert made.moments[-1].incident == made.incident
    assert made.moments[-1].suspects == whole.suspects(made.incident)
    before = made.at(made.incident.fired - timedelta(minutes=1))
    assert before.incident is None
    assert before.suspects == ()
    certain = made.at(made.incident.fired + timedelta(minutes=1))
    assert certain.incident is not None
    assert certain.incident.resolved is None
    assert len(certain.incident.breaches) <= len(made.incident.breaches)
    for moment in made.moments[:-1]:
        known = moment.incident
        assert known is None or known.fired <= moment.time
        assert all(s.time <= moment.time for s in moment.suspects)


def test_thresholds_and_queries_are_kept_as_they_were(whole: IncidentReport, made: Frozen) -> None:
    assert {("traffic", "error_rate", "credit/blue", 0.01)} <= {
        (t.signal, t.metric, str(t.place), t.threshold) for t in made.thresholds
    }
    assert not any(t.place.endpoint == "loan" for t in made.thresholds)
    asked = Asked(name="traffic", text="T | count", fetched=NOW, seconds=0.3, rows=2)
    again = bundle.open_(bundle.write(replace(made, queries=(asked,))))
    assert again.queries == (asked,)


def refused(parts: dict[str, Any]) -> str:
    with pytest.raises(InputError) as caught:
        bundle.open_(signed(parts))
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    return caught.value.message


WHOLE_YEARS = {"start": "1970-01-01T00:00:00+00:00", "end": "2199-12-31T00:00:00+00:00"}
EVER = {"start": "0001-01-01T00:00:00+00:00", "end": "9999-12-31T00:00:00+00:00"}
LOG = {"name": "console", "columns": ["a", "b"], "rows": [["1", "2"]]}


@pytest.mark.parametrize(
    ("part", "change", "said"),
    [
        ("moments.json", {"moments": []}, "it holds no moment"),
        ("logs.json", {"logs": [LOG, LOG]}, "2 logs are called 'console'"),
        ("logs.json", {"logs": [LOG | {"columns": ["a", "a"]}]}, "2 columns of the log 'console'"),
        ("logs.json", {"logs": [LOG | {"rows": [["1"]]}]}, "has not 2 columns"),
        ("logs.json", {"logs": [LOG | {"rows": [["1", "2"]] * 20_001}]}, "20,001 lines of a log"),
        ("logs.json", {"logs": [LOG | {"columns": list(map(str, range(101))), "rows": []}]}, "101 col"),
        ("incident.json", {"window": WHOLE_YEARS}, "days, more than 400"),
        ("incident.json", {"window": EVER}, "Cannot read 'Frozen.window.start'"),
        ("incident.json", {"frozen": "9999-12-31T23:59:00-14:00"}, "Cannot read 'Frozen.frozen'"),
    ],
)  # fmt: skip
def test_what_is_signed_but_was_never_written_is_one_sentence(
    packed: bytes, part: str, change: dict[str, Any], said: str
) -> None:
    parts = parts_of(packed)
    parts[part] |= change
    assert said in refused(parts)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"times": [2**62]}, "times for"),
        ({"times": [2**62] * 3, "values": [1.0] * 3, "statuses": []}, "a time outside of 1970"),
        ({"times": [3, 1, 2], "values": [1.0] * 3, "statuses": []}, "are not in order"),
        ({"times": [1], "values": [1.0], "statuses": ["ok"] * 2}, "2 verdicts for 1 steps"),
        ({"times": [], "values": [], "statuses": [], "notes": ["x"]}, "1 notes for 0 steps"),
        ({"times": [10**400], "values": [1.0]}, "Cannot read 'Frozen.lanes.times'"),
        ({"step_seconds": 10**400}, "Cannot read 'Frozen.lanes.step_seconds'"),
        ({"step_seconds": 0}, "a step of the lane"),
        ({"step_seconds": 2**40}, "a step of the lane"),
    ],
)
def test_lanes_that_do_not_fit_together_are_one_sentence(
    packed: bytes, change: dict[str, Any], said: str
) -> None:
    parts = parts_of(packed)
    parts["lanes.json"]["lanes"][0] |= {"notes": []} | change
    assert said in refused(parts)


def test_few_bytes_of_many_values_are_not_read(packed: bytes) -> None:
    parts = parts_of(packed)
    parts["logs.json"] = {"logs": [[]] * (bundle.MOST_VALUES + 1)}
    assert len(signed(parts)) < 100_000
    assert "unpack to more than a bundle holds" in refused(parts)


@pytest.mark.parametrize("name", ["host_dupcol", "host_ragged"])
def test_bundles_of_a_stranger_are_one_sentence(name: str) -> None:
    with pytest.raises(InputError, match="of the log 'container_events'"):
        bundle.open_((DATA / "hostile" / f"{name}.incident.zip").read_bytes())


def test_any_tampered_bundle_opens_or_is_one_sentence(packed: bytes) -> None:
    said = [_said(content) for content in hostile(packed, 150, seed=7)]
    assert 10 < said.count("") < 140
    assert not any("\n" in each for each in said)


def _said(content: bytes) -> str:
    try:
        bundle.open_(content)
    except InputError as error:
        return str(error)
    return ""
