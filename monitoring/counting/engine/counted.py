"""Counted outcomes on disk: a day is counted once, and any window is a sum of days.

One file holds the counts of one table. It lies under a name made of the table's paths and of what was
asked, and says of which state of these files it was made; when they change, or when a class turns up
that its counts do not have, it is made anew. Numbers are kept as numpy writes them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.counting.engine import outcomes as counting
from monitoring.counting.engine.classes import Seen, classes_of, seen_in
from monitoring.counting.engine.profile_store import State, state_of
from monitoring.counting.engine.tables import Table
from monitoring.counting.profile import Profile
from monitoring.counting.totals.outcomes import (
    RESIDUAL_BINS,
    ClassOutcomes,
    Columns,
    Moments,
    NumberOutcomes,
    Outcomes,
    ScoreCells,
)

Progress = Callable[[float, str], None]

#: Goes up whenever what is counted changes; files of another version are made anew.
VERSION = 2
#: Days kept in memory, by this process; of those with more keys of score cells, none.
MOST_KEPT, MOST_KEYS = 1_000, 50_000
_SCALARS = ("rows", "minimum", "maximum", "total", "squares")


@dataclass(frozen=True, slots=True)
class _Stored:
    """What one file holds; `seen` is empty of a regression."""

    state: State
    seen: Seen
    outcomes: Outcomes


_kept: OrderedDict[Path, _Stored] = OrderedDict()
_guard = threading.Lock()


@dataclass(frozen=True, slots=True)
class Counted:
    """Counts of tables, kept below a folder; without a folder everything is counted."""

    store: Path | None

    def days(
        self,
        tables: Mapping[date, Table],
        columns: Columns,
        progress: Progress | None = None,
    ) -> dict[date, Outcomes]:
        """Return the outcomes of each day, all of the classes that any of them has.

        Args:
            tables: One a day.
            columns: Which column holds what.
            progress: Called with a share from 0 to 1 and a text.

        Raises:
            InputError: A table cannot be read, or lacks a column.
        """
        stored = {day: self._read(table, columns) for day, table in tables.items()}
        classes: tuple[str, ...] = ()
        if columns.task != "regression":
            seen = [
                kept.seen if kept else seen_in(tables[day], columns) for day, kept in stored.items()
            ]
            classes = classes_of(list(tables.values()), columns, seen)
        found: dict[date, Outcomes] = {}
        for done, day in enumerate(sorted(tables)):
            if progress:
                progress(
                    done / len(tables), f"Counting {day:%d %b %Y}, {done + 1} of {len(tables)}"
                )
            kept = stored[day]
            if kept is None or _classes(kept.outcomes) != classes:
                kept = self._count(tables[day], columns, classes)
            found[day] = kept.outcomes
        return found

    def _count(self, table: Table, columns: Columns, classes: tuple[str, ...]) -> _Stored:
        state = state_of(table) if self.store else ()
        is_number = columns.task == "regression"
        seen = Seen(frozenset(), frozenset()) if is_number else seen_in(table, columns)
        stored = _Stored(state, seen, counting.count(table, columns, classes))
        if self.store is not None:
            target = self._target(table, columns)
            with contextlib.suppress(OSError):  # a disk that is full: counted again the next time
                _write(target, stored)
            _keep(target, stored)
        return stored

    def _read(self, table: Table, columns: Columns) -> _Stored | None:
        if self.store is None:
            return None
        target, state = self._target(table, columns), state_of(table)
        with _guard:
            kept = _kept.get(target)
        if kept is None and target.exists():
            kept = _loaded(target)
            if kept is not None:
                _keep(target, kept)
        return kept if kept is not None and kept.state == state else None

    def _target(self, table: Table, columns: Columns) -> Path:
        asked = [VERSION, [str(path.absolute()) for path in table.paths], asdict(columns)]
        name = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:24]
        return Path(self.store or "") / "outcomes" / f"{name}.npz"


def _classes(outcomes: Outcomes) -> tuple[str, ...]:
    return outcomes.classes if isinstance(outcomes, ClassOutcomes) else ()


def _keep(target: Path, stored: _Stored) -> None:
    outcomes = stored.outcomes
    if isinstance(outcomes, ClassOutcomes):
        keys = sum(len(cells.keys) for cells in outcomes.scores.values())
        if keys > MOST_KEYS:
            return
    with _guard:
        _kept[target] = stored
        _kept.move_to_end(target)
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)


def _write(target: Path, stored: _Stored) -> None:
    """Write beside the target and rename: a reader sees the old file or the new one, whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(f".{os.getpid()}.{threading.get_ident()}.part")
    outcomes = stored.outcomes
    arrays, notes = (
        _packed_classes(outcomes)
        if isinstance(outcomes, ClassOutcomes)
        else _packed_numbers(outcomes)
    )
    notes |= {
        "state": stored.state,
        "predicted": sorted(stored.seen.predicted),
        "labels": sorted(stored.seen.labels),
        "faults": dict(outcomes.faults),
    }
    try:
        with part.open("wb") as file:
            text = np.frombuffer(json.dumps(notes).encode(), np.uint8)
            everything: dict[str, Any] = {**arrays, "notes": text, "delays": outcomes.delays}
            np.savez(file, **everything)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _loaded(target: Path) -> _Stored | None:
    """Return what a file holds; None of a damaged one."""
    try:
        with target.open("rb") as opened, np.load(opened) as file:
            arrays: dict[str, NDArray[Any]] = dict(file)
        notes = json.loads(arrays["notes"].tobytes())
        outcomes = _classes_in(arrays, notes) if "classes" in notes else _numbers_in(arrays, notes)
        seen = Seen(frozenset(notes["predicted"]), frozenset(notes["labels"]))
        return _Stored(tuple(tuple(each) for each in notes["state"]), seen, outcomes)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _packed_classes(outcomes: ClassOutcomes) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    cells = list(outcomes.scores.values())
    arrays = {
        name: np.concatenate([getattr(each, name) for each in cells]) if cells else np.empty(0)
        for name in ("keys", "counts", "totals")
    }
    notes = {
        "classes": outcomes.classes,
        "scores": {name: len(each.keys) for name, each in outcomes.scores.items()},
        "log_loss": asdict(outcomes.log_loss),
        "brier": asdict(outcomes.brier),
    }
    return {**arrays, "confusion": outcomes.confusion}, notes


def _classes_in(arrays: Mapping[str, NDArray[Any]], notes: Mapping[str, Any]) -> ClassOutcomes:
    scores: dict[str, ScoreCells] = {}
    begin = 0
    for name, size in notes["scores"].items():
        keys, counts, totals = (
            arrays[each][begin : begin + size] for each in ("keys", "counts", "totals")
        )
        scores[name] = ScoreCells(keys, counts, totals)
        begin += size
    return ClassOutcomes(
        classes=tuple(notes["classes"]),
        confusion=arrays["confusion"],
        scores=scores,
        log_loss=Moments(**notes["log_loss"]),
        brier=Moments(**notes["brier"]),
        delays=arrays["delays"],
        faults=notes["faults"],
    )


def _packed_numbers(outcomes: NumberOutcomes) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    arrays: dict[str, NDArray[Any]] = {"sums": outcomes.sums, "products": outcomes.products}
    notes: dict[str, Any] = {"predictions": outcomes.predictions, "labelled": outcomes.labelled}
    if (residuals := outcomes.residuals) is not None:
        arrays["cells"] = np.flatnonzero(residuals.counts)
        arrays["counts"] = residuals.counts[arrays["cells"]]
        notes["residuals"] = {name: getattr(residuals, name) for name in _SCALARS}
    return arrays, notes


def _numbers_in(arrays: Mapping[str, NDArray[Any]], notes: Mapping[str, Any]) -> NumberOutcomes:
    residuals = None
    if "residuals" in notes:
        counts = np.zeros(RESIDUAL_BINS.cells, np.int64)
        counts[arrays["cells"]] = arrays["counts"]
        residuals = Profile(
            feature="residual", bins=RESIDUAL_BINS, counts=counts, **notes["residuals"]
        )
    return NumberOutcomes(
        predictions=notes["predictions"],
        labelled=notes["labelled"],
        sums=arrays["sums"],
        products=arrays["products"],
        residuals=residuals,
        delays=arrays["delays"],
        faults=notes["faults"],
    )
