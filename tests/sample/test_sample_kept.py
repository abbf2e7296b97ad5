"""The sample workspace is built once, never served half built, and forgotten after some days."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from monitoring.errors import InputError
from sample.builder import build, contents, workspace
from sample.builder.plan import COMPLETE, Plan
from tests.conftest import NOW

Told = list[tuple[float, str]]


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """Replace the writing of the content, which takes long, and note what was asked for."""
    plans: list[Plan] = []

    def write(folder: Path, plan: Plan, progress: workspace.Progress) -> None:
        plans.append(plan)
        (folder / "part").write_text("rows")
        (folder / "storage" / "day").mkdir(parents=True)
        (folder / "storage" / "day" / "a.jsonl").write_text("{}")
        progress(0.5, "half")
        (folder / COMPLETE).touch()

    monkeypatch.setattr(contents, "write", write)
    return plans


def test_a_day_and_seed_are_built_once(tmp_path: Path, builds: list[Plan]) -> None:
    told: Told = []
    first = build(tmp_path, NOW, 1, lambda share, text: told.append((share, text)))
    later = build(tmp_path, NOW + timedelta(hours=11), 1, lambda share, text: told.clear())
    assert first == later
    assert told == [(0.5, "half")]
    assert build(tmp_path, NOW + timedelta(hours=12), 1, lambda *_: None) != first
    assert build(tmp_path, NOW, 2, lambda *_: None) != first
    assert len(builds) == 3


def test_a_build_that_broke_is_not_served(
    tmp_path: Path, builds: list[Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:

        def write(folder: Path, plan: Plan, progress: workspace.Progress) -> None:
            (folder / "half").touch()
            raise OSError("no space left on device")

        broken.setattr(contents, "write", write)
        with pytest.raises(InputError, match="no space"):
            build(tmp_path, NOW, 1, lambda *_: None)
    folder = build(tmp_path, NOW, 1, lambda *_: None)
    assert sorted(path.name for path in folder.iterdir()) == [
        "complete.json",
        "files.json",
        "part",
        "storage",
    ]
    assert [path for path in folder.parent.iterdir() if path.is_dir()] == [folder]


def flipped(content: bytes) -> bytes:
    return bytes([content[0] ^ 1]) + content[1:]


DAMAGE: dict[str, Callable[[Path], object]] = {
    "gone": lambda file: file.unlink(),
    "empty": lambda file: file.write_bytes(b""),
    "cut off": lambda file: file.write_bytes(file.read_bytes()[:-1]),
    "garbage": lambda file: file.write_bytes(b"\xff" * 50),
}


@pytest.mark.parametrize("name", ["part", "files.json", "storage/day/a.jsonl"])
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_workspace_is_built_again_at_the_next_start(
    damage: Callable[[Path], object], name: str, tmp_path: Path, builds: list[Plan]
) -> None:
    folder = build(tmp_path, NOW, 1, lambda *_: None)
    damage(folder / name)
    workspace._is_whole_in.cache_clear()
    assert build(tmp_path, NOW, 1, lambda *_: None) == folder
    assert len(builds) == 2
    assert (folder / "part").read_text() == "rows"
    build(tmp_path, NOW, 1, lambda *_: None)
    assert len(builds) == 2


def test_one_flipped_bit_in_a_database_is_noticed(tmp_path: Path, builds: list[Plan]) -> None:
    file = build(tmp_path, NOW, 1, lambda *_: None) / "part"
    file.write_bytes(flipped(file.read_bytes()))
    build(tmp_path, NOW, 1, lambda *_: None)
    assert len(builds) == 2
    assert file.read_text() == "rows"


def test_workspaces_of_other_days_go_after_three_days(tmp_path: Path, builds: list[Plan]) -> None:
    old, recent = (build(tmp_path, NOW - timedelta(days=n), 1, lambda *_: None) for n in (9, 1))
    marker = old / COMPLETE
    aged = marker.stat().st_mtime - 4 * 86_400
    os.utime(marker, (aged, aged))
    newest = build(tmp_path, NOW, 1, lambda *_: None)
    assert not old.exists()
    assert recent.exists()
    assert newest.exists()
