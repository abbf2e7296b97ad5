"""Headlines on a terminal: as a table or as JSON, and the exit code that they come to."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from monitoring.commands import BLIND, BREACHED, OK
from monitoring.commands.output import print_rows
from monitoring.errors import InputError

if TYPE_CHECKING:
    from monitoring.report import Headline

COLUMNS = ("place", "signal", "state", "number", "value", "limit", "95 % interval", "n", "since")


def exit_code(headlines: Iterable[Headline]) -> int:
    """Return 2 with a breach, 3 where nothing was judged, else 0."""
    statuses = {each.status for each in headlines}
    if "breached" in statuses:
        return BREACHED
    return OK if "ok" in statuses else BLIND


def write_table(headlines: Sequence[Headline]) -> None:
    """Print a line each, in words."""
    print_rows([COLUMNS, *map(_row, headlines)])


def _row(headline: Headline) -> tuple[str, ...]:
    from monitoring.overview.line import line  # noqa: PLC0415 - knows every signal

    words = line(headline)
    state = f"{words.word} ({words.why})" if words.why else words.word
    value, since = words.value, words.since
    return (
        str(headline.place), words.title, state, words.what, value, words.limit, words.interval,
        words.rows, since,
    )  # fmt: skip


def write_json(headlines: Iterable[Headline], **about: object) -> None:
    """Print one object: what is said of all, and a record a headline."""
    json.dump({**about, "headlines": [record(each) for each in headlines]}, sys.stdout, indent=1)
    print()


def record(headline: Headline) -> dict[str, object]:
    """Return a headline flat, for JSON; numbers as they were measured."""
    result = headline.leading
    measured = result.as_record() if result else {}
    names = ("metric", "value", "low", "high", "threshold", "worse", "unit", "rows")
    return {
        "place": str(headline.place),
        "signal": headline.signal,
        "status": headline.status,
        "reading": headline.reading,
        **{name: measured.get(name) for name in names},
        "feature": result.place.feature if result else "",
        "since": headline.since.isoformat() if headline.since else None,
        "since_is_older": headline.is_older,
        "series_in_breach": headline.open,
        "series_judged": headline.judged,
        "features_in_breach": list(headline.names),
        "as_of": headline.as_of.isoformat() if headline.as_of else None,
        "reason": headline.reason,
        "hint": headline.hint,
    }


def chosen(name: str, known: Collection[str]) -> list[str]:
    """Return the deployments that ENDPOINT or ENDPOINT/DEPLOYMENT names, in any case.

    >>> chosen("Credit", ["credit/blue", "credit/green", "fraud/blue"])
    ['credit/blue', 'credit/green']

    Raises:
        InputError: There is none such.
    """
    asked = name.strip("/").lower()
    own = [each for each in known if asked in {each, each.partition("/")[0]}]
    if own or not asked:
        return own or list(known)
    raise InputError(
        f"There is no endpoint or deployment {name!r}",
        hint=f"Choose one of {', '.join(sorted(known))}." if known else "None is known yet.",
    )
