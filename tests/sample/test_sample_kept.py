"""The sample workspace is built once, never served half built, and forgotten after some days."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

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
        (folder / "part").touch()
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
        with pytest.raises(OSError, match="no space"):
            build(tmp_path, NOW, 1, lambda *_: None)
    folder = build(tmp_path, NOW, 1, lambda *_: None)
    assert sorted(path.name for path in folder.iterdir()) == ["complete.json", "part"]
    assert [path for path in folder.parent.iterdir() if path.is_dir()] == [folder]


def test_workspaces_of_other_days_go_after_three_days(tmp_path: Path, builds: list[Plan]) -> None:
    old, recent = (build(tmp_path, NOW - timedelta(days=n), 1, lambda *_: None) for n in (9, 1))
    marker = old / COMPLETE
    aged = marker.stat().st_mtime - 4 * 86_400
    os.utime(marker, (aged, aged))
    newest = build(tmp_path, NOW, 1, lambda *_: None)
    assert not old.exists()
    assert recent.exists()
    assert newest.exists()
