"""Answers stay under their question: over restarts, over a newer question, and until a newer answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitoring.kept.answers import FRESH, Answers

NOON = datetime(2026, 1, 8, 12, tzinfo=UTC)


def test_an_answer_outlives_the_process(tmp_path: Path) -> None:
    first = Answers(tmp_path, lambda: NOON).entry("q", lambda _: {"rows": 3}, state="a")
    later = Answers(tmp_path, lambda: NOON + timedelta(days=3)).last("q")
    assert later == first
    assert (later.value, later.fetched, later.state) == ({"rows": 3}, NOON, "a")


def test_a_fresh_one_is_shared_and_an_old_one_computed_again(tmp_path: Path) -> None:
    now = [NOON]
    answers = Answers(tmp_path, lambda: now[0])
    answers.entry("q", lambda _: 1)
    assert answers.entry("q", lambda _: 2).value == 1
    now[0] += FRESH
    assert answers.last("q").value == 1  # until the newer one is there
    assert answers.entry("q", lambda _: 2).value == 2
    assert Answers(tmp_path, lambda: now[0]).last("q").value == 2


def test_what_fails_leaves_the_last_answer(tmp_path: Path) -> None:
    now = [NOON]
    answers = Answers(tmp_path, lambda: now[0])
    answers.entry("q", lambda _: 1)
    now[0] += FRESH

    def stop(progress: object) -> int:
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError):
        answers.entry("q", stop)
    assert answers.last("q").value == 1


def test_a_damaged_file_is_none(tmp_path: Path) -> None:
    Answers(tmp_path, lambda: NOON).entry("q", lambda _: 1)
    (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    file.write_bytes(file.read_bytes()[:-3])
    assert Answers(tmp_path, lambda: NOON).last("q") is None
