"""Registered models: opened when that is safe, and if not, why, with what is known besides."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import skops.io
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from monitoring.counting.engine.tables import open_table
from monitoring.counting.rows import Labels, Rows
from monitoring.errors import NotPermittedError, SchemaMismatch, SourceError
from monitoring.sources.azure import Azure
from monitoring.sources.deployed import Deployed
from monitoring.sources.models import Models
from monitoring.sources.registry import Inventory
from monitoring.window import Window
from monitoring.workspace.models import ModelVersion
from monitoring.workspace.registered_model import RegisteredModel
from sample.transport import Reply
from tests.tiny_store import DATA_PATHS, Tiny, tiny

RANDOM = np.random.default_rng(1)
FRAME = pd.DataFrame({"x": RANDOM.normal(size=400), "y": RANDOM.normal(size=400)})
FRAME["late"] = FRAME["x"] > 0
ROWS = Rows.of({name: FRAME[name].to_numpy() for name in ("x", "y")})


@pytest.fixture
def shop(tmp_path: Path) -> Tiny:
    made = tiny(tmp_path)
    document = made.store / "arm.json"
    content = json.loads(document.read_text())
    for resource in content["resources"]:
        if "/workspaces/tiny/models/credit/versions/" in resource["id"]:
            resource["properties"]["modelUri"] = f"{DATA_PATHS}/models/credit"
    document.write_text(json.dumps(content))
    return made


def credit(shop: Tiny, **tags: str) -> ModelVersion:
    found = next(m for m in Inventory(shop.azure).models() if m.name == "credit" and not m.registry)
    return ModelVersion(found.name, found.version, found.stage, found.created, None, tags)


def stored(shop: Tiny, files: dict[str, bytes]) -> None:
    folder = shop.store / "storage" / "models" / "credit"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def load(shop: Tiny, **tags: str) -> RegisteredModel:
    return Models(shop.azure).load(credit(shop, **tags))


def test_a_skops_model_is_opened_and_answers_as_trained(shop: Tiny) -> None:
    trees = HistGradientBoostingClassifier(max_iter=10, random_state=0)
    trees.fit(FRAME[["x", "y"]], FRAME["late"])
    stored(shop, {"model.skops": skops.io.dumps(trees), "readme.md": b"hello"})
    model = load(shop)
    assert (model.reason, model.features) == ("", ("x", "y"))
    expected = trees.predict_proba(FRAME[["x", "y"]])[:, 1:]
    assert model.predict(ROWS).tolist() == expected.tolist()


@pytest.mark.parametrize("estimator", [LinearRegression(), DummyRegressor()])
def test_a_number_is_one_column(shop: Tiny, estimator: Any) -> None:
    stored(shop, {"m.skops": skops.io.dumps(estimator.fit(FRAME[["x", "y"]], FRAME["late"]))})
    assert load(shop).predict(ROWS).shape == (400, 1)


def test_many_classes_are_a_column_each(shop: Tiny) -> None:
    classes = np.digitize(FRAME["x"], [-0.5, 0.5])
    fitted = LogisticRegression().fit(FRAME[["y", "x"]], classes)
    stored(shop, {"m.skops": skops.io.dumps(fitted)})
    answers = load(shop).predict(ROWS)  # by name: the model wants y first
    assert answers.tolist() == fitted.predict_proba(FRAME[["y", "x"]]).tolist()


class Boom:
    """What a pickle may do."""

    opened: ClassVar[list[str]] = []

    def __reduce__(self) -> Any:
        return (Boom.opened.append, ("code ran",))


def test_a_pickle_is_not_opened_and_says_so(shop: Tiny) -> None:
    stored(shop, {"model.pkl": pickle.dumps(Boom())})
    model = load(shop, feature_importances='{"x": 2, "y": 1.5, "z": "no"}')
    assert model.estimator is None
    assert "a pickle (model.pkl), which runs code" in model.reason
    assert "skops" in model.hint
    assert Boom.opened == []
    assert model.importances == {}  # one of them is no number
    with pytest.raises(SourceError, match="a pickle"):
        model.predict(ROWS)


def test_what_the_version_carries_is_kept(shop: Tiny) -> None:
    stored(shop, {"feature_importances.json": b'{"x": 2, "y": 1.5}', "weights.bin": b"1"})
    assert load(shop).importances == {"x": 2.0, "y": 1.5}
    assert load(shop, feature_importances='{"x": 9}').importances == {"x": 9.0}
    assert "none of its files" in load(shop).reason


def test_types_off_the_list_are_named_and_not_made(shop: Tiny) -> None:
    pipeline = make_pipeline(FunctionTransformer(pickle.loads), LinearRegression())
    pipeline.steps[-1][1].fit(FRAME[["x", "y"]], FRAME["late"])
    stored(shop, {"m.skops": skops.io.dumps(pipeline)})
    model = load(shop)
    assert model.estimator is None
    assert "not on the list of safe ones" in model.reason
    assert "loads" in model.reason


def test_a_tree_that_points_outside_itself_is_refused(shop: Tiny) -> None:
    for change in ("left", "feature_idx", "loop"):
        trees = HistGradientBoostingClassifier(max_iter=2, random_state=0)
        trees.fit(FRAME[["x", "y"]], FRAME["late"])
        nodes = trees._predictors[1][0].nodes
        if change == "loop":
            nodes["left"][0] = 0
        else:
            nodes[change][0] = 10_000
        stored(shop, {"m.skops": skops.io.dumps(trees)})
        model = load(shop)
        assert model.estimator is None, change
        assert "a tree of it" in model.reason


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04", "cannot be read"),
        (b"", "cannot be read"),
        (skops.io.dumps({"a": 1}), "no model that predicts"),
    ],
)
def test_a_damaged_file_is_a_sentence(shop: Tiny, content: bytes, words: str) -> None:
    stored(shop, {"m.skops": content})
    assert words in load(shop).reason


def test_a_bomb_is_not_unpacked(shop: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.sources.models.LARGEST_UNPACKED_BYTES", 1_000_000)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", b" " * 2_000_000)
    stored(shop, {"m.skops": packed.getvalue()})
    assert "unpacks to more" in load(shop).reason


def test_two_models_or_none_at_all_are_said(shop: Tiny) -> None:
    assert "nothing lies at 'models/credit' of the datastore" in load(shop).reason
    stored(shop, {"a.skops": b"1", "b.skops": b"2"})
    assert "2 files end in .skops" in load(shop).reason


def test_a_model_of_the_registry_is_not_fetched(shop: Tiny) -> None:
    model = ModelVersion("credit", "1", "", None, "shared")
    assert "registry 'shared'" in Models(shop.azure).load(model).reason


def test_a_refusal_of_azure_is_an_error_of_its_own(shop: Tiny) -> None:
    known = credit(shop)
    shop.faults = lambda request: Reply(403, {"error": {"code": "Forbidden", "message": "no"}})
    with pytest.raises(NotPermittedError):
        Models(shop.azure).load(known)


def test_rows_without_a_column_are_refused(shop: Tiny) -> None:
    fitted = LinearRegression().fit(FRAME[["x", "y"]], FRAME["late"])
    stored(shop, {"m.skops": skops.io.dumps(fitted)})
    with pytest.raises(SchemaMismatch, match="lack y"):
        load(shop).predict(Rows.of({"x": np.array([1.0])}))
    holes = Rows.of({"x": np.array([np.nan]), "y": np.array([1.0])})
    with pytest.raises(SourceError, match="cannot take these rows"):
        load(shop).predict(holes)


def test_the_samples_models_answer_as_they_were_collected(azure: Azure, sample: Path) -> None:
    """What blue answered in production, row by row, comes out of the registered artifact again."""
    deployed = Deployed(azure)
    window = Window.last(timedelta(days=3), until=azure.settings.clock())
    endpoint = next(e for e in deployed.inventory.endpoints() if e.name == "flight-delay")
    deployment = next(d for d in endpoint.deployments if d.name == "blue")
    version = deployed.model(deployment)
    columns = deployed.columns(version)
    days = deployed.collected
    day = max(days.days("flight-delay", "blue", "model_inputs", window))
    inputs, outputs = (
        pq.read_table(open_table(days.day("flight-delay", "blue", kind, day, types).path).paths[0])
        for kind, types in (("model_inputs", columns), ("model_outputs", {}))
    )
    both = inputs.to_pandas().merge(outputs.to_pandas(), on="correlationid")
    model = Models(azure).load(version)
    assert model.features is not None
    rows = Rows.of(
        {
            name: Labels.of([None if pd.isna(v) else v for v in both[name]])
            if both[name].dtype == "str"
            else both[name].to_numpy(float)
            for name in model.features
        }
    )
    assert len(both) > 50
    assert model.predict(rows)[:, 0] == pytest.approx(both["probability"].to_numpy(), abs=1e-6)
