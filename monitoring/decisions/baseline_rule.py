"""What a baseline is made of: the rule by which its rows are found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, get_args

from monitoring.errors import InputError
from monitoring.window import DAY, Window

BaselineKind = Literal[
    "training_data", "same_weekdays", "period_before", "same_season", "fixed_window", "file"
]
BASELINE_KINDS: tuple[BaselineKind, ...] = get_args(BaselineKind)
Season = Literal["year", "quarter"]
#: Whole weeks, so that a Monday is compared with a Monday.
SEASONS: Mapping[Season, timedelta] = {
    "year": timedelta(weeks=52),
    "quarter": timedelta(weeks=13),
}
WEEK = timedelta(weeks=1)
#: Weeks that a rule may ask for: fewer say nothing of ordinary days, more forget the season.
WEEKS = (3, 26)


_USED: Mapping[BaselineKind, tuple[str, ...]] = {
    "training_data": ("asset",),
    "same_weekdays": ("weeks",),
    "same_season": ("season", "weeks"),
    "fixed_window": ("start", "end"),
    "period_before": (),
    "file": ("path",),
}


@dataclass(frozen=True, slots=True)
class Days:
    """Days of production that a window is compared with.

    by_weekday: whether a Monday is compared with Mondays only.
    """

    days: tuple[date, ...]
    by_weekday: bool

    def like(self, days: Iterable[date]) -> list[date]:
        """Return those that these days are compared with."""
        weekdays = {day.weekday() for day in days}
        return [day for day in self.days if not self.by_weekday or day.weekday() in weekdays]


@dataclass(frozen=True, slots=True)
class BaselineRule:
    """How to find the rows of a baseline.

    asset: `training_data`, the data asset `azureml:name:version`; without it the model's own.
    weeks: `same_weekdays`, how many weeks before; `same_season`, how many around the same week.
    season: `same_season`, how long ago. start, end: `fixed_window`, first and last day. path: `file`.

    Raises:
        InputError: What the kind needs is missing or out of bounds.

    >>> str(BaselineRule("same_weekdays", weeks=8))
    'same weekdays of the 8 weeks before'
    """

    kind: BaselineKind
    asset: str = ""
    weeks: int = 0
    season: Season = "year"
    start: date | None = None
    end: date | None = None
    path: str = ""

    def __post_init__(self) -> None:
        if self.kind not in BASELINE_KINDS:
            raise InputError(
                f"There is no kind of baseline {self.kind!r}",
                hint=f"Choose one of {', '.join(BASELINE_KINDS)}.",
            )
        if self.season not in SEASONS:
            raise InputError(
                f"There is no season {self.season!r}", hint=f"Choose one of {', '.join(SEASONS)}."
            )
        self._check_parameters()

    def _check_parameters(self) -> None:
        least, most = WEEKS
        if "weeks" in self._used and not least <= self.weeks <= most:
            raise InputError(
                f"Cannot take {self.weeks} weeks: {least} <= weeks <= {most}",
                hint="Fewer weeks say nothing of ordinary days, more forget the season.",
            )
        if "start" in self._used and not (self.start and self.end and self.start <= self.end):
            raise InputError(
                f"Cannot take the days from {self.start} to {self.end}",
                hint="Choose a first day that is not after the last one.",
            )
        if "path" in self._used and not self.path:
            raise InputError("No file is named", hint="Name a file in the folder of files.")

    @property
    def _used(self) -> tuple[str, ...]:
        """The parameters of its kind."""
        return _USED[self.kind]

    @property
    def is_production(self) -> bool:
        """Whether it is made of days of production."""
        return self.kind not in {"training_data", "file"}

    @property
    def moves(self) -> bool:
        """Whether it depends on the window that is compared with it."""
        return self.kind in {"same_weekdays", "period_before", "same_season"}

    @property
    def parameters(self) -> dict[str, Any]:
        """What `parse` reads back, ready for JSON: what the kind uses and nothing else."""
        values = {name: getattr(self, name) for name in self._used}
        return {n: f"{v}" if isinstance(v, date) else v for n, v in values.items()}

    def __str__(self) -> str:
        match self.kind:
            case "training_data":
                return f"training data {self.asset}".rstrip()
            case "same_weekdays":
                return f"same weekdays of the {self.weeks} weeks before"
            case "same_season":
                return f"same {self.weeks} weeks a {self.season} ago"
            case "fixed_window":
                return f"production from {self.start:%d %b %Y} to {self.end:%d %b %Y}"
            case "file":
                return f"file {self.path}"
        return "the period before"

    def of_day(self, day: date, window: Window) -> Days:
        """Return the days that a single day of a window is compared with.

        >>> rule = BaselineRule("same_weekdays", weeks=3)
        >>> found = rule.of_day(date(2026, 1, 28), Window.day(date(2026, 1, 28)))
        >>> str(found.days[0]), str(found.days[-1]), found.by_weekday
        ('2026-01-05', '2026-01-25', True)
        """
        monday = day - DAY * day.weekday()
        match self.kind:
            case "same_weekdays":
                return Days(_days(monday - WEEK * self.weeks, monday), by_weekday=True)
            case "same_season":
                then = monday - SEASONS[self.season]
                before = then - WEEK * (self.weeks // 2)
                return Days(_days(before, before + WEEK * self.weeks), by_weekday=True)
        return self.of_window(window)

    def of_window(self, window: Window) -> Days:
        """Return the days that a whole window is compared with.

        Raises:
            InputError: The rule asks for no days of production.
        """
        first, end = window.days()[0], window.days()[-1] + DAY
        match self.kind:
            case "same_weekdays":
                return Days(_days(first - WEEK * self.weeks, first), by_weekday=True)
            case "same_season":
                ago = SEASONS[self.season]
                reach = WEEK * (self.weeks // 2)
                days = _days(first - ago - reach, end - ago + reach)
                return Days(tuple(day for day in days if day < first), by_weekday=True)
            case "period_before":
                return Days(_days(first - (end - first), first), by_weekday=False)
            case "fixed_window" if self.start and self.end:
                return Days(_days(self.start, self.end + DAY), by_weekday=False)
        raise InputError(f"The baseline {self} has no days", hint="Choose days of production.")

    def needed(self, window: Window) -> tuple[date, ...]:
        """Return every day of production that a window and each of its days are compared with."""
        days = set(self.of_window(window).days)
        for day in window.days():
            days.update(self.of_day(day, window).days)
        return tuple(sorted(days))


def parse(kind: str, parameters: Mapping[str, Any]) -> BaselineRule:
    """Read a stored rule; what it does not know, a later version's, is left out.

    Raises:
        InputError: It is not one.

    >>> rule = BaselineRule("fixed_window", start=date(2026, 1, 1), end=date(2026, 1, 31))
    >>> parse(rule.kind, rule.parameters) == rule
    True
    """
    known: dict[str, Callable[[Any], Any]] = {
        "asset": str,
        "weeks": int,
        "season": str,
        "start": date.fromisoformat,
        "end": date.fromisoformat,
        "path": str,
    }
    try:
        values = {name: known[name](value) for name, value in parameters.items() if name in known}
    except (TypeError, ValueError) as error:
        raise InputError(
            f"Cannot read the baseline {kind!r} with {dict(parameters)!r}",
            hint="Create it again.",
        ) from error
    return BaselineRule(kind, **values)  # type: ignore[arg-type]  # it checks the kind


def _days(first: date, end: date) -> tuple[date, ...]:
    return tuple(first + DAY * n for n in range((end - first).days))
