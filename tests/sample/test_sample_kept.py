"""The sample workspace is built once, never served half built, and the oldest ones go."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from monitoring.errors import InputError
from sample import kql
from sample.builder import build, contents, workspace
from sample.builder.plan import COMPLETE, Plan
from sample.metrics import MetricStore
from tests.conftest import NOW, ROOT

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


def test_the_newest_three_are_kept(tmp_path: Path, builds: list[Plan]) -> None:
    made = []
    for n in range(5):
        made.append(build(tmp_path, NOW + timedelta(days=n), 1, lambda *_: None))
        os.utime(made[-1] / workspace.COMPLETE, (n, n))
    assert [folder.exists() for folder in made] == [False, False, True, True, True]
    again = build(tmp_path, NOW, 1, lambda *_: None)  # an earlier day, but made last
    assert [folder.exists() for folder in (again, *made[2:])] == [True, False, True, True]


def test_what_a_killed_build_left_goes_and_what_is_being_built_stays(
    tmp_path: Path, builds: list[Plan]
) -> None:
    root = tmp_path / "sample"
    left, busy = (root / f".v1-1-{day}.partial" for day in ("2026-01-01", "2026-01-02"))
    for folder in (left, busy):
        folder.mkdir(parents=True)
    with (root / "v1-1-2026-01-02.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        build(tmp_path, NOW, 1, lambda *_: None)
    assert (left.exists(), busy.exists()) == (False, True)


BUILD = """
import sys, time
from pathlib import Path
from sample import kql
from sample.builder import build, contents, workspace
from tests.conftest import NOW

cache = Path(sys.argv[1])

def write(folder, plan, progress):
    with (cache / "builders").open("a") as log:
        log.write("one\\n")
    print("building", flush=True)
    sys.stdin.readline()
    (folder / "storage").mkdir()
    (folder / workspace.COMPLETE).touch()

contents.write = write
folder = build(cache, NOW, 1, lambda *_: None)
print((folder / workspace.COMPLETE).exists(), flush=True)
"""


@pytest.mark.slow
def test_of_two_processes_one_builds_and_both_see_it_complete(tmp_path: Path) -> None:
    def start() -> subprocess.Popen[str]:
        command, pipe = [sys.executable, "-c", BUILD, str(tmp_path)], subprocess.PIPE
        return subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)

    with start() as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "building\n"
        with start() as second:
            said = [process.communicate("\n")[0] for process in (first, second)]
    assert said == ["True\n", "True\n"]
    assert (tmp_path / "builders").read_text() == "one\n"


READ = """
import sys
from pathlib import Path
from tests.sample.test_sample_kept import reader

print(reader(Path(sys.argv[1]))(), flush=True)
"""


def reader(store: Path) -> Callable[[], tuple[int, int]]:
    """Open the logs and the metrics, and return what asks them for the number of requests and namespaces."""
    logs = kql.Tables(store / "workspace.duckdb")
    metrics = MetricStore(store / "metrics.duckdb", lambda: NOW)

    def ask() -> tuple[int, int]:
        query = "AmlOnlineEndpointTrafficLog | count"
        answer = logs.ask(query, kql.Scope(until=NOW), rows=1, seconds=60)
        return answer.rows[0][0], len(metrics.catalog)

    return ask


def test_two_processes_read_one_sample_at_once(sample: Path) -> None:
    ask = reader(sample)
    here = ask()
    command = [sys.executable, "-c", READ, str(sample)]
    there = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert there.stdout == f"{here}\n"
    assert ask() == here
    assert min(here) > 0
