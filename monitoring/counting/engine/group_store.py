"""Outcomes by group on disk: a day is counted once for a grouping, whatever asks for it."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.counting.engine.group_cells import STRIDE, split
from monitoring.counting.engine.groups import count_each
from monitoring.counting.engine.tables import Table
from monitoring.counting.totals.groups import Group, Grouping, GroupOutcomes
from monitoring.counting.totals.outcomes import ClassOutcomes, Columns, NumberOutcomes, Outcomes

#: Of the stored form; another one and stored counts are made anew.
VERSION = 2


def counted_each(
    table: Table,
    columns: Columns,
    groupings: Sequence[Grouping],
    classes: tuple[str, ...],
    store: Path,
) -> tuple[GroupOutcomes, ...]:
    """Return the same as `count_each`, kept in a folder until the files of the table change.

    What is not stored yet is counted in one pass.
    """
    state = [(str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in table.paths]
    targets = {
        grouping: _target(store, (state, columns, classes, grouping)) for grouping in groupings
    }
    missing = [grouping for grouping, target in targets.items() if not target.exists()]
    fresh = count_each(table, columns, missing, classes) if missing else ()
    for found in fresh:
        _write(found, targets[found.grouping])
    known = {found.grouping: found for found in fresh}
    return tuple(known.get(each) or _read(each, targets[each]) for each in groupings)


def _target(store: Path, asked: tuple[Any, ...]) -> Path:
    name = hashlib.sha256(repr((VERSION, *asked)).encode()).hexdigest()[:24]
    return store / "groups" / f"{name}.npz"


def _write(found: GroupOutcomes, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(f".{os.getpid()}.{threading.get_ident()}.part")
    with part.open("wb") as file:
        np.savez(file, allow_pickle=False, **_packed(found))
    part.replace(target)


def _read(grouping: Grouping, target: Path) -> GroupOutcomes:
    with np.load(target) as packed:
        return _unpacked(grouping, dict(packed))


def _packed(found: GroupOutcomes) -> dict[str, NDArray[Any]]:
    """Return counts as arrays that a file can hold."""
    place = {group: at for at, group in enumerate(found.grouping.groups)}
    packed: dict[str, NDArray[Any]] = {
        "at": np.array([place[group] for group in found.outcomes], np.int64),
        "faults": np.array(json.dumps(dict(found.faults))),
    }
    known = list(found.outcomes.values())
    numbers = [each for each in known if isinstance(each, NumberOutcomes)]
    if numbers:
        packed["rows"] = np.array([(each.predictions, each.labelled) for each in numbers])
        packed["sums"] = np.stack([each.sums for each in numbers])
        packed["products"] = np.stack([each.products for each in numbers])
    grouped = [
        (at, c) for at, c in zip(packed["at"], known, strict=True) if isinstance(c, ClassOutcomes)
    ]
    if grouped:
        packed["classes"] = np.array(grouped[0][1].classes)
        packed["confusion"] = np.stack([each.confusion for _, each in grouped])
        for name in dict.fromkeys(name for _, each in grouped for name in each.scores):
            cells = [(at * STRIDE, c.scores[name]) for at, c in grouped if name in c.scores]
            packed[f"keys {name}"] = np.concatenate([first + each.keys for first, each in cells])
            packed[f"counts {name}"] = np.concatenate([each.counts for _, each in cells])
            packed[f"totals {name}"] = np.concatenate([each.totals for _, each in cells])
    return packed


def _unpacked(grouping: Grouping, packed: Mapping[str, NDArray[Any]]) -> GroupOutcomes:
    groups = grouping.groups
    at = packed["at"].tolist()
    outcomes: dict[Group, Outcomes] = {}
    if "rows" in packed:
        for i, place in enumerate(at):
            predictions, labelled = packed["rows"][i].tolist()
            outcomes[groups[place]] = NumberOutcomes(
                predictions=predictions,
                labelled=labelled,
                sums=packed["sums"][i],
                products=packed["products"][i],
            )
    if "confusion" in packed:
        classes = tuple(packed["classes"].tolist())
        cells = {
            name: split(*(packed[f"{what} {name}"] for what in ("keys", "counts", "totals")))
            for name in (key.removeprefix("keys ") for key in packed if key.startswith("keys "))
        }
        for i, place in enumerate(at):
            scores = {name: found[place] for name, found in cells.items() if place in found}
            outcomes[groups[place]] = ClassOutcomes(
                classes=classes, confusion=packed["confusion"][i], scores=scores
            )
    return GroupOutcomes(grouping, outcomes, json.loads(str(packed["faults"])))
