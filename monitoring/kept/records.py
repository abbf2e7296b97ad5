"""Our own values as bytes and back: dataclasses of this product, arrays, times, paths, containers; no code.

Pickle does the work, but only classes from a closed list are read, and a dataclass is made by its
own constructor from fields of the same names. So bytes from elsewhere can at worst be refused.
"""

from __future__ import annotations

import dataclasses
import importlib
import io
import pathlib
import pickle
from collections import Counter
from datetime import date, datetime, time, timedelta, timezone
from functools import cache
from typing import Any

import numpy as np

#: Where classes of ours lie.
HOME = f"{__name__.partition('.')[0]}."
_TIMES = (date, datetime, time, timedelta, timezone)
_ARRAYS = (np.ndarray, np.generic, np.dtype, pickle.PickleBuffer)
_OTHERS = (Counter, type(pathlib.Path()))


def dumps(value: object) -> bytes:
    """Return a value as bytes.

    Raises:
        TypeError: It holds what `loads` would refuse.

    >>> loads(dumps({"day": date(2026, 1, 8), "rows": (1, None)}))
    {'day': datetime.date(2026, 1, 8), 'rows': (1, None)}
    >>> dumps(print)
    Traceback (most recent call last):
    TypeError: a value of builtin_function_or_method is not kept
    """
    buffer = io.BytesIO()
    _Pickler(buffer, protocol=5).dump(value)
    return buffer.getvalue()


def loads(content: bytes) -> Any:
    """Return the value that `dumps` was given.

    Raises:
        ValueError: It is none, or of a class that has other fields today.

    >>> loads(pickle.dumps(print))
    Traceback (most recent call last):
    ValueError: not a value of this product: builtins.print is not read
    """
    try:
        return _Unpickler(io.BytesIO(content)).load()
    except Exception as error:  # what pickle raises depends on where it stumbles
        raise ValueError(f"not a value of this product: {error}") from error


@cache
def _fields(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind) if field.init)


def _record(kind: Any, names: tuple[str, ...], values: tuple[Any, ...]) -> Any:
    """Make a dataclass anew, unless its fields have changed since."""
    if names != _fields(kind):
        raise ValueError(f"{kind.__name__} has other fields")
    return kind(**dict(zip(names, values, strict=True)))


def _is_ours(kind: object) -> bool:
    return (
        isinstance(kind, type)
        and kind.__module__.startswith(HOME)
        and dataclasses.is_dataclass(kind)
    )


class _Pickler(pickle.Pickler):
    def reducer_override(self, obj: Any) -> Any:
        kind: Any = type(obj)
        if _is_ours(kind):
            names = _fields(kind)
            return _record, (kind, names, tuple(getattr(obj, name) for name in names))
        if (
            isinstance(obj, (*_TIMES, *_ARRAYS, *_OTHERS))
            or obj in _NAMES.values()
            or _is_ours(obj)
        ):
            return NotImplemented
        raise TypeError(f"a value of {kind.__name__} is not kept")


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _NAMES:
            return _NAMES[module, name]
        if module.startswith(HOME):
            kind = getattr(importlib.import_module(module), name, None)
            if _is_ours(kind):
                return kind
        raise pickle.UnpicklingError(f"{module}.{name} is not read")


def _names() -> dict[tuple[str, str], Any]:
    """Return all that may be named apart from our dataclasses: what arrays, times and paths are made by."""
    matrix = np.zeros((2, 2))
    made_by: list[Any] = [
        _record,
        np.ndarray,
        np.dtype,
        matrix.__reduce_ex__(5)[0],
        matrix[:, :1].__reduce_ex__(5)[0],
        matrix[0, 0].__reduce__()[0],
        *_TIMES,
        *_OTHERS,
    ]
    return {(each.__module__, each.__name__): each for each in made_by}


_NAMES = _names()
