"""Results on disk: kept while their state is the same, made again after any damage, never required."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from monitoring.kept import disk as kept
from monitoring.kept.disk import Disk

NOBODY = 65534


@pytest.fixture(autouse=True)
def no_faults() -> Iterator[None]:
    kept._faults.clear()
    yield
    kept._faults.clear()


class Work:
    """Something to compute, and how often it was."""

    def __init__(self, result: str = "result") -> None:
        self.result = result
        self.runs = 0

    def __call__(self) -> str:
        self.runs += 1
        return self.result

    def write(self, draft: Path) -> int:
        self.runs += 1
        draft.write_text(self.result)
        return len(self.result)


def as_a_new_process() -> None:
    kept._sha256_at.cache_clear()


def half(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def folder_instead(file: Path) -> None:
    file.unlink()
    (file / "inside").mkdir(parents=True)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "gone": lambda file: file.unlink(),
    "empty": lambda file: file.write_bytes(b""),
    "cut in half": half,
    "garbage": lambda file: file.write_bytes(os.urandom(200)),
    "longer": lambda file: file.write_bytes(file.read_bytes() + b"\0"),
    "a folder": folder_instead,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_value_is_made_again(damage: Callable[[Path], object], tmp_path: Path) -> None:
    disk, work = Disk(tmp_path, version=1), Work()
    assert [disk.get("q", 1, work), disk.get("q", 1, work)] == ["result"] * 2
    assert work.runs == 1
    (file,) = tmp_path.iterdir()
    damage(file)
    assert [disk.get("q", 1, work), disk.get("q", 1, work)] == ["result"] * 2
    assert work.runs == 2
    assert kept.fault() is None


@pytest.mark.parametrize("part", ["a.txt", ".a.txt.seal"])
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_written_again(
    damage: Callable[[Path], object], part: str, tmp_path: Path
) -> None:
    disk, work = Disk(tmp_path, version=1), Work()
    path, notes = disk.path("deep/a.txt", 1, work.write)
    assert disk.path("deep/a.txt", 1, work.write) == (path, notes) == (tmp_path / "deep/a.txt", 6)
    assert work.runs == 1
    damage(path.with_name(part))
    as_a_new_process()
    assert disk.path("deep/a.txt", 1, work.write) == (path, notes)
    assert path.read_text() == "result"
    assert disk.path("deep/a.txt", 1, work.write) == (path, notes)
    assert work.runs == 2


@pytest.mark.parametrize("name", ["value", "a.txt", ".a.txt.seal"])
def test_each_single_bit_counts(name: str, tmp_path: Path) -> None:
    disk, work = Disk(tmp_path, version=1), Work("x")
    disk.path("a.txt", 1, work.write)
    disk.get("q", 1, work)
    file = next(tmp_path.glob("*.kept")) if name == "value" else tmp_path / name
    whole = file.read_bytes()
    for bit in range(0, 8 * len(whole), 5):  # all bits of a byte in turn
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        file.write_bytes(flipped)
        as_a_new_process()
        work.runs = 0
        assert (disk.get("q", 1, work), disk.path("a.txt", 1, work.write)[1]) == ("x", 1)
        assert work.runs == 1, f"bit {bit}"


def test_another_state_replaces_the_result_and_another_key_does_not(tmp_path: Path) -> None:
    disk = Disk(tmp_path, version=1)
    assert [disk.get("q", state, lambda: state) for state in (1, 2, 2)] == [1, 2, 2]  # noqa: B023 - called at once
    assert len(list(tmp_path.iterdir())) == 1
    assert disk.get("other", 2, lambda: 3) == 3
    assert disk.read("q", 2) == 2
    assert disk.read("q", 1) is None


def test_another_version_is_made_again(tmp_path: Path) -> None:
    work = Work()
    for version in (1, 2, 2):
        Disk(tmp_path, version=version).path("a", 1, work.write)
        Disk(tmp_path, version=version).get("q", 1, work)
    assert work.runs == 4


def test_a_file_of_another_question_is_foreign(tmp_path: Path) -> None:
    disk, work = Disk(tmp_path, version=1), Work("b")
    disk.get("a", 1, lambda: "a")
    (file,) = tmp_path.iterdir()
    shutil.copy(file, disk._file("b"))
    assert disk.get("b", 1, work) == "b"
    disk.path("a.txt", 1, Work("a").write)
    for name in ("a.txt", ".a.txt.seal"):
        shutil.copy(tmp_path / name, tmp_path / name.replace("a.", "b.", 1))
    path, _ = disk.path("b.txt", 1, work.write)
    assert path.read_text() == "b"


def test_notes_that_no_longer_hold_have_the_file_written_again(tmp_path: Path) -> None:
    disk, work = Disk(tmp_path, version=1), Work()
    for least in (1, 6, 7):
        disk.path("a", 1, work.write, holds=lambda size: size >= least)  # noqa: B023 - called at once
    assert work.runs == 2


def test_what_fails_leaves_nothing_and_is_no_fault_of_the_disk(tmp_path: Path) -> None:
    disk = Disk(tmp_path, version=1)

    def gone(_draft: Path) -> None:
        raise FileNotFoundError("the source")

    with pytest.raises(FileNotFoundError, match="the source"):
        disk.path("a", 1, gone)
    with pytest.raises(ZeroDivisionError):
        disk.get("q", 1, lambda: 1 // 0)
    assert list(tmp_path.iterdir()) == []
    assert kept.fault() is None


def test_without_a_folder_files_go_with_the_process(tmp_path: Path) -> None:
    disk, work = Disk(None, version=1), Work()
    name = f"{tmp_path.name}.txt"
    first, second = disk.path(name, 1, work.write), disk.path(name, 1, work.write)
    assert first == second
    assert work.runs == 1
    assert [disk.get("q", 1, work) for _ in range(2)] == ["result"] * 2
    assert work.runs == 3


# Room


def test_what_was_unused_for_longest_makes_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "ROOM_EVERY", 2)
    disk = Disk(tmp_path, version=1, most_files=3)
    for number in range(8):
        disk.path(f"{number}.txt", 1, Work().write)
        for age, each in enumerate(sorted(tmp_path.glob(".*.seal"), reverse=True)):
            os.utime(each, (1000 - age, 1000 - age))
    assert sorted(path.name for path in tmp_path.glob("[!.]*")) == [
        f"{n}.txt" for n in (3, 4, 5, 6, 7)
    ]
    assert len(list(tmp_path.glob(".*.seal"))) == 5


def test_what_was_unused_for_long_goes_and_drafts_of_a_killed_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "ROOM_EVERY", 2)
    disk = Disk(tmp_path, version=1)
    disk.get("old", 1, Work())
    (old,) = tmp_path.iterdir()
    draft, foreign = tmp_path / ".x.1-2.part", tmp_path / "foreign.txt"
    for file, days in ((draft, 2), (foreign, 100), (old, 61)):
        file.touch()
        os.utime(file, (0, -days * 86_400))
    for key in ("new", "newer"):
        disk.get(key, 1, Work())
        os.utime(disk._file(key), (0, 0))
    assert sorted(tmp_path.iterdir()) == sorted([foreign, disk._file("new"), disk._file("newer")])


def test_what_older_versions_kept_is_removed_and_nothing_else(tmp_path: Path) -> None:
    collected = Disk(tmp_path / "collected" / "place", version=1)
    collected.path("blue/day.parquet", 1, Work().write)
    collected.get("notes", 1, Work())
    (tmp_path / "collected" / "place" / kept.ORIGIN).touch()
    whole = sorted(tmp_path.rglob("*"))
    files = ["collected/old/blue/day.parquet", "collected/old/root.txt", "collected/day.parquet"]
    others = ["sample/v6/arm.json", "mine.txt", "uploads/mine.csv"]  # none of ours is in the last
    for name in [*files, *others]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 0))
    new = tmp_path / "collected" / "new.parquet"  # perhaps its seal is about to be written
    new.touch()
    kept.remove_foreign(tmp_path)
    left = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {new, *(p for p in whole if p.is_file()), *(tmp_path / name for name in others)}
    assert not (tmp_path / "collected" / "old").exists()


# Many at once


def test_threads_compute_once(tmp_path: Path) -> None:
    disk, work, start = Disk(tmp_path, version=1), Work(), threading.Barrier(8)

    def ask(number: int) -> object:
        start.wait(30)
        return disk.get("q", 1, work) if number % 2 else disk.path("a", 1, work.write)[1]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == [6, "result"] * 4
    assert work.runs == 2
    assert not list(tmp_path.glob(".*.part"))


SCRIPT = """
import sys
from pathlib import Path
from monitoring.kept.disk import Disk

disk = Disk(Path(sys.argv[1]), version=1)
for step in range(200):
    key, state = step % 5, step % 3
    answer = f"{key}-{state}" * 1000
    assert disk.get(key, state, lambda: answer) == answer
    path, size = disk.path(f"{key}.txt", state, lambda draft: draft.write_text(answer))
    assert size == len(answer)
"""


def test_processes_share_a_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    running = [subprocess.Popen(command) for _ in range(3)]
    assert [each.wait(120) for each in running] == [0, 0, 0]
    assert not list(tmp_path.glob(".*.part"))
    assert kept.fault() is None


# A disk that takes nothing


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may write anywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "cache"
    folder.mkdir()
    for each in (tmp_path, *tmp_path.parents):
        if each.stat().st_uid == os.geteuid() and each.is_relative_to("/tmp/pytest-of-root"):  # noqa: S108
            each.chmod(0o755)
    disk = Disk(folder, version=1)
    disk.get("known", 1, Work("known"))
    disk.path("known.txt", 1, Work("known").write)
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)


def test_a_folder_that_may_only_be_read_is_read(
    read_only: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spare = tmp_path / "spare"
    spare.mkdir(mode=0o777)
    spare.chmod(0o777)
    monkeypatch.setattr(kept, "_spare", lambda: spare)
    disk, work, known = Disk(read_only, version=1), Work(), Work()
    with as_nobody():
        assert disk.get("known", 1, known) == "known"
        assert disk.path("known.txt", 1, known.write)[0] == read_only / "known.txt"
        assert (known.runs, kept.fault()) == (0, None)
        assert [disk.get("q", 1, work) for _ in range(2)] == ["result"] * 2
        paths = {disk.path("a.txt", 1, work.write)[0] for _ in range(3)}
    assert work.runs == 3
    (path,) = paths
    assert path.read_text() == "result"
    assert path.is_relative_to(spare)
    fault = kept.fault()
    assert fault is not None
    assert str(fault).startswith(f"Cannot keep results in '{read_only}': Permission denied. Hint:")


def fill(folder: Path) -> None:
    """Write until the disk is full."""
    with (folder / "ballast").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB, where this user may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(folder)]
    if (
        shutil.which("mount") is None
        or subprocess.run(command, capture_output=True, check=False).returncode
    ):
        pytest.skip("this user cannot mount a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_keeps_nothing_until_there_is_room(small_disk: Path) -> None:
    disk, work = Disk(small_disk / "kind", version=1), Work("x" * 10_000)
    (small_disk / "kind").mkdir()
    fill(small_disk)
    for _ in range(2):
        assert disk.get("q", 1, work) == work.result
        path, _ = disk.path("a.txt", 1, work.write)
        assert path.read_text() == work.result
    assert "No space left on device" in str(kept.fault())
    assert work.runs == 3  # the file lies in a temporary folder meanwhile
    (small_disk / "ballast").unlink()
    assert disk.get("q", 1, work) == work.result
    assert disk.get("q", 1, work) == work.result
    assert work.runs == 4
    assert kept.fault() is None


def test_the_fault_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    disk = Disk(tmp_path / "file", version=1)
    with caplog.at_level("WARNING", logger="leeway"):
        for key in range(3):
            disk.get(key, 1, Work())
            disk.path(f"{key}.txt", 1, Work().write)
    assert caplog.text.count("Cannot keep results") == 1
