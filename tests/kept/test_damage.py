"""Each kind of file that the product keeps may be damaged in any way: same numbers, file written again."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitoring.baselines.baseline import take_baseline
from monitoring.compare import training_versions
from monitoring.counting.engine import outputs as engine
from monitoring.counting.engine.classes import classes_of
from monitoring.counting.engine.counted import Counted
from monitoring.counting.engine.profile_store import ProfileStore
from monitoring.counting.engine.quality import row_facts, unmatched
from monitoring.counting.engine.tables import Table, open_table
from monitoring.counting.totals.groups import Cut, Grouping
from monitoring.kept import disk as kept
from monitoring.segment import parse
from monitoring.settings import Settings
from monitoring.signals.fairness import group_counts
from monitoring.sources.azure import Azure, local_wiring
from monitoring.sources.deployed import Deployed
from monitoring.window import Window
from tests.tiny_store import import_azure_ml

WINDOW = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC))
CSV = b"a,b\n1,x\n2,y\n"


def plain(value: Any) -> Any:
    """Return results as what `==` can compare to the last bit."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, Table):  # where it lies does not matter
        return value.rows, value.columns, value.notes
    if dataclasses.is_dataclass(value):
        return [plain(getattr(value, each.name)) for each in dataclasses.fields(value)]
    if isinstance(value, Mapping):
        return [(key, plain(each)) for key, each in value.items()]
    if isinstance(value, frozenset):
        return sorted(value)
    return [plain(each) for each in value] if isinstance(value, list | tuple) else repr(value)


class Everything:
    """All that leaves files below a cache, for two days of one deployment of the sample workspace."""

    def __init__(self, sample: Path, azure: Azure, cache: Path) -> None:
        self.settings: Settings = replace(azure.settings, cache=cache)
        wiring = local_wiring(sample, self.settings)
        self.azure = Azure(self.settings, workspace=azure.workspace, wiring=wiring)
        found = next(e for e in Deployed(azure).inventory.endpoints() if e.name == "flight-delay")
        self.deployment = next(d for d in found.deployments if d.name == "blue")
        self.text = cache.parent / "text.csv"
        self.text.write_bytes(CSV)

    def numbers(self) -> Any:
        """Return what is measured, as a process that has just started measures it."""
        kept._sha256_at.cache_clear()
        cache, deployed = self.settings.cache, Deployed(self.azure)
        model = deployed.model(self.deployment)
        days = deployed.days(self.deployment, WINDOW, deployed.columns(model))
        rows = deployed.rows(self.deployment, model, WINDOW, parse("origin:EWR,JFK"))
        first, columns = next(iter(rows.tables.values())), rows.columns
        baseline = take_baseline("first", first, features=["temp", "carrier"])
        classes = classes_of(list(rows.tables.values()), columns)
        grouping = Grouping((Cut("origin", ("EWR", "JFK")),))
        store = ProfileStore(cache / "profiles")
        tables = list(days.tables.values())
        versions = training_versions.run(deployed, [model], store=cache).versions
        return plain(
            [
                days.tables,
                days.faults,
                rows.tables,
                rows.faults,
                [store.profiles(each, baseline.plan, baseline.bins) for each in rows.tables.values()],
                engine.outputs(first, columns, classes, None, cache),
                Counted(cache).days(rows.tables, columns),
                group_counts.count_each(rows, [grouping], cache)[0],
                [row_facts(each, list(each.columns), store=cache / "quality") for each in tables],
                unmatched(tables[0], first, store=cache / "quality"),
                versions,
                open_table(self.text, store=cache / "converted"),
            ]
        )  # fmt: skip


@pytest.fixture(scope="module")
def everything(
    sample: Path, azure: Azure, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Everything]:
    import_azure_ml()
    yield Everything(sample, azure, tmp_path_factory.mktemp("all") / "cache")
    kept._faults.clear()


@pytest.fixture(scope="module")
def numbers(everything: Everything) -> Any:
    return everything.numbers()


def kind_of(file: Path, cache: Path) -> str:
    """Return what a file keeps: its folder without names of days, containers and questions."""
    kind, *below = file.relative_to(cache).parts
    if kind == "collected":
        known = {"model_inputs", "model_outputs", "joined", "rows", "labels"}
        kind = next((part for part in below if part in known), kind)
    return f"{kind}{file.suffix}"


KINDS = (
    "collected.txt",
    *(
        f"{kind}{ending}"
        for kind in ("model_inputs", "model_outputs", "joined", "rows", "labels", "segments",
                     "outputs", "converted")
        for ending in (".parquet", ".seal")
    ),
    *(f"{kind}.kept" for kind in ("profiles", "outcomes", "groups", "quality", "training_versions")),
)  # fmt: skip


def test_each_kind_of_file_is_known(everything: Everything, numbers: Any) -> None:
    cache = everything.settings.cache
    files = [path for path in cache.rglob("*") if path.is_file()]
    assert {kind_of(file, cache) for file in files} == set(KINDS)
    assert kept.fault() is None


def half(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def folder_instead(file: Path) -> None:
    file.unlink()
    (file / "inside").mkdir(parents=True)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "cut in half": half,
    "empty": lambda file: file.write_bytes(b""),
    "garbage": lambda file: file.write_bytes(b"\xff\x00" * 500),
    "one bit": flip,
    "a folder": folder_instead,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_changes_no_number_and_is_written_again(
    kind: str, damage: Callable[[Path], object], everything: Everything, numbers: Any
) -> None:
    cache = everything.settings.cache
    file = next(each for each in sorted(cache.rglob("*")) if kind_of(each, cache) == kind)
    damage(file)
    os.utime(file, (0, 0))
    assert everything.numbers() == numbers
    assert file.is_file()
    assert file.stat().st_mtime > 0
    assert kept.fault() is None


def test_what_is_whole_is_not_written_again(everything: Everything, numbers: Any) -> None:
    def inodes() -> dict[Path, int]:
        cache = everything.settings.cache
        return {
            path: path.stat().st_ino
            for path in cache.rglob("*")
            if path.is_file() and path.suffix != ".txt"
        }

    before = inodes()
    assert everything.numbers() == numbers
    assert inodes() == before


def test_a_cache_that_takes_nothing_changes_no_number(
    everything: Everything, numbers: Any, tmp_path: Path
) -> None:
    (tmp_path / "cache").touch()  # a file where the folder should be
    blocked = Everything.__new__(Everything)
    vars(blocked).update(vars(everything))
    blocked.settings = replace(everything.settings, cache=tmp_path / "cache")
    wiring = local_wiring(Path(everything.azure._wiring.files).parent, blocked.settings)
    blocked.azure = Azure(blocked.settings, workspace=everything.azure.workspace, wiring=wiring)
    assert blocked.numbers() == numbers
    assert "Cannot keep results" in str(kept.fault())
