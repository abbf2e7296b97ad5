"""Folders of a session: private, whole files, and gone in the end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from monitoring.errors import InputError
from monitoring.kept import private
from monitoring.kept.private import PrivateFolder, remove_abandoned

ROOT = Path(__file__).parents[2]
#: A process that keeps a file, says so, and is killed.
KILLED = (
    "import os, pathlib, sys; from monitoring.kept.private import PrivateFolder;"
    "own = PrivateFolder(pathlib.Path(sys.argv[1])); own.keep('r', 'a.csv', b'x');"
    "os.kill(os.getpid(), 9)"
)


def test_a_file_is_kept_whole_under_its_name_in_place_of_the_last(tmp_path: Path) -> None:
    own = PrivateFolder(tmp_path)
    first = own.keep("reference", "a.csv", b"one")
    second = own.keep("reference", "b.csv", b"two")
    assert second.read_bytes() == b"two"
    assert second.name == "b.csv"
    assert not first.exists()
    assert [each.name for each in own.path.rglob("*") if each.is_file()] == ["b.csv"]


@pytest.mark.parametrize(
    "name", ["x\0.csv", "a" * 5_000 + ".csv", "é" * 200 + ".csv", "../../x.csv", "[*]?.csv", ".csv"]
)
def test_any_name_can_be_kept_and_keeps_its_suffix(tmp_path: Path, name: str) -> None:
    kept = PrivateFolder(tmp_path).keep("reference", name, b"x")
    assert kept.parent.parent.parent == tmp_path
    assert kept.name.endswith("csv")
    assert not set(kept.name) & set("[]*?\0/")


def test_an_upload_cut_off_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = PrivateFolder(tmp_path)
    write = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", lambda path, content: write(path, content[:2]))
    with pytest.raises(InputError, match=r"Cannot keep 'a.csv' .* only 2 of 3 bytes"):
        own.keep("reference", "a.csv", b"one")
    assert not list(own.path.iterdir())


def test_it_is_removed_when_it_is_let_go(tmp_path: Path) -> None:
    own = PrivateFolder(tmp_path)
    own.keep("reference", "a.csv", b"one")
    own.remove()
    assert not list(tmp_path.iterdir())
    PrivateFolder(tmp_path)
    assert not list(tmp_path.iterdir())


def test_only_what_no_living_process_holds_is_removed_at_the_start(tmp_path: Path) -> None:
    own = PrivateFolder(tmp_path)
    held = own.keep("reference", "a.csv", b"one")
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False, cwd=ROOT)
    older = tmp_path / "0123456789abcdef"
    older.mkdir()
    (older / "payroll.csv").write_bytes(b"x")
    assert len([each for each in tmp_path.iterdir() if each.is_dir()]) == 3
    remove_abandoned(tmp_path)
    assert held.read_bytes() == b"one"
    assert sorted(tmp_path.iterdir()) == sorted([own.path, private._lock_of(own.path)])


def test_where_the_cache_takes_nothing_a_temporary_folder_does(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    own = PrivateFolder(tmp_path / "file")
    assert own.keep("reference", "a.csv", b"one").read_bytes() == b"one"
    assert not own.path.is_relative_to(tmp_path)
