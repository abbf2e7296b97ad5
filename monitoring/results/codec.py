"""The results of an evaluation as a few bytes, and back.

By columns, since the results of one evaluation have most of their fields in common: a column of equal
values is written once, one of the field's default not at all. So a field that is added to
`MetricResult` with a default needs no other format; one that is removed or renamed does.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, replace
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any, NamedTuple

import msgspec

from monitoring.metric import Interval, MetricResult
from monitoring.place import Place
from monitoring.results.evaluation import Evaluation
from monitoring.results.payload import HEAD, UnreadableError, is_whole, seal, unseal
from monitoring.window import Window

FORMAT = 1
#: What payloads are likely to hold, the likeliest last; part of the format.
_WORDS = (
    b"not_permitted stale error no_data not_enough_data lower higher azureml robust categorical numerical"
    b" classification_accuracy precision recall f1_score mean_absolute_error root_mean_squared_error"
    b" null_value_rate data_type_error_rate out_of_bounds_rate population_stability_index"
    b" total_variation_distance jensen_shannon_distance normalized_wasserstein_distance"
    b" hellinger_distance latency_p95 error_rate requests seconds share"
    b"\xa6reason\xa4hint\xafservice_verdict\xaberror_bound\xabnoise_floor\xafadjusted_pvalue\xa6pvalue"
    b"\xa4mode\xa4kind\xa5worse\xa6method\xa4unit\xaereference_rows\xa4rows\xa5value"
    b"\xa6metric\x91\xa6status\x91\xa8breached\xa6status\x91\xa2ok\xa9threshold\x91\xcb?"
)
#: Fields with a form of their own here.
_APART = {"place", "window", "interval"}
_DEFAULTS: Mapping[str, object] = {
    field.name: field.default for field in fields(MetricResult) if field.name not in _APART
}


class Content(NamedTuple):
    """What a payload holds."""

    missing: tuple[str, ...]
    results: tuple[MetricResult, ...]


class _Scope(NamedTuple):
    """What all results of an evaluation share."""

    place: Place
    signal: str
    start: datetime
    step: timedelta


def pack(evaluation: Evaluation) -> bytes:
    """Return the payload of an evaluation; equal results are equal bytes."""
    results = evaluation.results
    number = {start: n for n, start in enumerate(evaluation.starts)}
    defaults = {**_DEFAULTS, "signal": evaluation.signal}
    content = (
        evaluation.missing,
        len(results),
        _column([number[r.window.start] for r in results if r.window]),
        _column([_position(r.place, evaluation.place) for r in results]),
        _column([(r.interval.low, r.interval.high) if r.interval else None for r in results]),
        _columns(results, defaults),
    )
    return seal(_encode(content), form=FORMAT, words=_WORDS)


def unpack(
    payload: bytes,
    *,
    place: Place,
    signal: str,
    start: datetime,
    step: timedelta,
    steps: Container[int] | None = None,
) -> Content:
    """Return what a payload holds of the steps of these numbers; None for all of them.

    Raises:
        UnreadableError: It is damaged, of another format, or not of results.
    """
    try:
        content = msgspec.msgpack.decode(unseal(payload, form=FORMAT, words=_WORDS))
        missing, rows, *columns = content
        results = _results(_Scope(place, signal, start, step), rows, columns, steps)
        return Content(tuple(missing), tuple(results))
    except (msgspec.DecodeError, TypeError, ValueError, KeyError, LookupError) as error:
        raise UnreadableError from error


def has_breach(payload: bytes) -> bool:
    """Whether any result of a payload is in breach, without reading the results.

    Raises:
        UnreadableError: It is damaged, of another format, or not of results.
    """
    try:
        *_, columns = _outline.decode(unseal(payload, form=FORMAT, words=_WORDS))
        statuses = columns.get("status")
        return statuses is not None and "breached" in msgspec.msgpack.decode(statuses)
    except msgspec.DecodeError as error:
        raise UnreadableError from error


def is_promising(head: bytes, size: int) -> bool:
    """Whether a payload of these first bytes and this size may be one of this version."""
    return size > len(head) == HEAD and head[0] == FORMAT


def is_readable(payload: bytes) -> bool:
    """Whether it is undamaged and of the format of this version, without reading it."""
    return is_whole(payload, form=FORMAT)


def _position(about: Place, place: Place) -> str | list[str]:
    """Say where a result stands, by its feature alone where its evaluation is of the same place.

    >>> blue = Place(endpoint="credit", deployment="blue")
    >>> _position(blue.of("income"), blue), _position(blue, Place(endpoint="credit"))
    ('income', ['credit', 'blue', '', '', ''])
    """
    if replace(about, workspace=place.workspace, feature="") == place:
        return about.feature
    return [about.endpoint, about.deployment, about.cluster, about.job, about.feature]


@lru_cache(maxsize=4096)
def _place(position: str | tuple[str, ...], place: Place) -> Place:
    """Undo `_position`.

    >>> print(_place(("credit", "blue", "", "", "income"), Place(endpoint="credit")))
    credit/blue/income
    """
    if isinstance(position, str):
        return place.of(position)
    endpoint, deployment, cluster, job, feature = position
    return Place(
        workspace=place.workspace,
        endpoint=endpoint,
        deployment=deployment,
        cluster=cluster,
        job=job,
        feature=feature,
    )


def _results(
    scope: _Scope, rows: int, columns: Sequence[Any], steps: Container[int] | None
) -> Iterator[MetricResult]:
    numbers, positions, intervals = (_spread(column, rows) for column in columns[:3])
    values = {"signal": [scope.signal], **columns[3]}
    records = zip(*(_spread(column, rows) for column in values.values()), strict=True)
    window = cache(
        lambda n: Window(scope.start + n * scope.step, scope.start + (n + 1) * scope.step)
    )
    for n, position, interval, record in zip(numbers, positions, intervals, records, strict=True):
        if steps is None or n in steps:
            yield MetricResult(
                place=_place(_key(position), scope.place),
                **dict(zip(values, record, strict=True)),
                window=window(n),
                interval=Interval(*interval) if interval else None,
            )


def _key(position: str | list[str]) -> str | tuple[str, ...]:
    return position if isinstance(position, str) else tuple(position)


def _columns(
    results: Sequence[MetricResult], defaults: Mapping[str, object]
) -> dict[str, list[Any]]:
    """Return the columns by name, those left out that hold nothing but the default."""
    columns = {name: _column([getattr(r, name) for r in results]) for name in defaults}
    return {
        name: column
        for name, column in columns.items()
        if column and not _is_default(column, defaults[name])
    }


def _column(values: list[Any]) -> list[Any]:
    """Return one value for all where they are the same to the bit, so that nan is like nan, and 1 unlike 1.0.

    >>> _column([1, 1, 1]), _column([1, 1.0]), _column([])
    ([1], [1, 1.0], [])
    """
    return values[:1] if values and len({_encode(value) for value in values}) == 1 else values


def _spread(column: list[Any], rows: int) -> list[Any]:
    return column * rows if len(column) == 1 else column


def _is_default(column: list[Any], default: object) -> bool:
    return default is not MISSING and _encode(column) == _encode([default])


def _bare(value: Any) -> Any:
    """Return a number of numpy as one of Python."""
    return value.item()


_encode = msgspec.msgpack.Encoder(enc_hook=_bare).encode
#: A payload with all but its columns, and those by name, left as they are.
_outline = msgspec.msgpack.Decoder(
    tuple[msgspec.Raw, int, msgspec.Raw, msgspec.Raw, msgspec.Raw, dict[str, msgspec.Raw]]
)
