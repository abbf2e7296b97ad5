"""The verdict on two deployments in words, from the numbers: never a winner whose interval holds 0."""

from __future__ import annotations

import math

from monitoring.compare.version_comparison import Compared, VersionComparison
from monitoring.compare.version_traffic import TrafficComparison
from monitoring.metric import Status
from monitoring.signals.model_performance.performance_verdict import LEAST_LABELS
from monitoring.statistics import difference

#: More times the rows than this are not worth waiting for: there is hardly a difference.
HOPELESS = 50
#: Metrics that are read as points of a percentage.
IN_POINTS = ("share of predictions", "share of requests", "mean share over classes")
POWER = (
    "Labels needed: labels there x ((1.96 + 0.84) x standard error / difference) squared, for a chance "
    "of 80 % to tell a difference as large as this one, if both sides grow as they did."
)
LOOKING = "Looking each day until the interval leaves out 0 finds a winner too often."
SEVERAL = (
    "Each as it came, on different requests and not standardised. Of 20 measures without a difference "
    "one leaves out 0 by chance alone, and they hang together: judge by the one that you chose before."
)


def status_of(found: VersionComparison) -> Status:
    """Return the verdict on the second against the first: `ok` better, `breached` worse.

    Both the plain difference and that among like rows must leave out 0 on the same side; on the same
    requests there is nothing to adjust.
    """
    status = found.deciding.result.status
    if status not in {"ok", "breached"} or found.paired is not None or found.adjusted is None:
        return status
    return status if found.adjusted.result.status == status else "not_enough_data"


def headline(found: VersionComparison) -> str:
    """Return the verdict in a few words.

    Without a day in common: what is missing.
    """
    one, two = found.names
    if found.deciding.found is None:
        return "Nothing to compare yet"
    status = status_of(found)
    if status == "ok":
        return f"{two} is better than {one}"
    if status == "breached":
        return f"{two} is worse than {one}"
    if min(found.labelled) < LEAST_LABELS:
        return "Not enough labels to tell"
    return "Cannot tell yet"


def sentences(found: VersionComparison) -> tuple[str, ...]:
    """Return the reasons for the verdict, most important first."""
    deciding = found.deciding
    if deciding.found is None:
        return (_sentence(deciding.result.reason), deciding.result.hint)
    said = [_difference(deciding, found)]
    said += _among_like(found)
    if status_of(found) not in {"ok", "breached"}:
        said += [_needed(deciding, found)]
    said.append(_rows(found))
    return tuple(each for each in said if each)


def _difference(compared: Compared, found: VersionComparison) -> str:
    one, two = found.names
    assert compared.found is not None  # noqa: S101 - the caller looked
    value, reach = compared.found.value, interval_text(compared)
    if not value:
        return f"{compared.label} of {two} is that of {one} (95 % {reach})."
    way = "higher" if value > 0 else "lower"
    size = text_of(abs(value), compared.unit, is_difference=True)
    zero = "" if compared.found.is_certain else ", which holds 0"
    return f"{compared.label} of {two} is {size} {way} than that of {one} (95 % {reach}{zero})."


def _among_like(found: VersionComparison) -> list[str]:
    if found.paired is not None:
        return []
    if found.adjusted is None or found.adjusted.found is None:
        return [f"Not standardised for other inputs: {found.not_adjusted}."]
    adjusted = found.adjusted
    size = text_of(found.adjusted.found.value, adjusted.unit, is_difference=True, sign=True)
    text = f"Among like rows of the same day it is {size} (95 % {interval_text(adjusted)})"
    plain = found.asked.result.status
    if plain in {"ok", "breached"} and adjusted.result.status != plain:
        return [f"{text}: the difference may come from other requests."]
    return [f"{text}."]


def _needed(compared: Compared, found: VersionComparison) -> str:
    """Say how many more labels would tell, of the side with fewer; both sides grow as they did."""
    assert compared.found is not None  # noqa: S101 - the caller looked
    labels, whose = min(zip(found.labelled, found.names, strict=True))
    if found.paired is not None:
        labels, whose = found.paired.result.rows, "requests that both answer"
    if min(found.labelled) < LEAST_LABELS:
        return f"{min(found.labelled):,} labels, {LEAST_LABELS} needed on each side for a verdict."
    smallest = difference.least_difference(compared.found)
    least = text_of(smallest, compared.unit, is_difference=True)
    seen = f"Told apart at this many labels: {least} or more."
    times = difference.times_as_many(compared.found)
    if times <= 1:
        return seen
    if not math.isfinite(times) or times > HOPELESS:
        return f"{seen} If there is a difference it is too small to wait for."
    more = _round(labels * (times - 1))
    days = math.ceil(more / max(labels / max(len(found.days), 1), 1e-9))
    return (
        f"About {more:,} more labels of {whose} are needed if the difference is as large as "
        f"it looks: some {days:,} days at the present split. {seen}"
    )


def _round(number: float) -> int:
    """Return two significant digits: it is an estimate.

    >>> _round(1873.2), _round(7.0)
    (1900, 7)
    """
    digits = max(len(str(int(number))) - 2, 0)
    return int(round(number, -digits))


def _rows(found: VersionComparison) -> str:
    one, two = found.names
    first, second = found.labelled
    days = "1 day" if len(found.days) == 1 else f"{len(found.days)} days"
    text = (
        f"{first:,} labels of {one} and {second:,} of {two}, on the {days} that both have labels of"
    )
    if found.paired is not None:
        pairs = found.paired.result.rows
        return f"Measured on {pairs:,} requests with a label that both answered."
    return f"{text}. They answered different requests: no request was scored by both."


def of_traffic(found: TrafficComparison) -> tuple[str, ...]:
    """Return what the traffic log says, a sentence a measure."""
    return tuple(_of_traffic(each, found.names) for each in (found.errors, found.latency))


def _of_traffic(compared: Compared, names: tuple[str, str]) -> str:
    one, two = names
    if compared.found is None:
        return f"{compared.label}: {compared.result.reason}."
    size = text_of(abs(compared.found.value), compared.unit, is_difference=True)
    way = "higher" if compared.found.value > 0 else "lower"
    reach = interval_text(compared)
    if compared.result.status in {"ok", "breached"}:
        good = "worse" if compared.result.status == "breached" else "better"
        return (
            f"{compared.label}: {two} is {size} {way}, that is {good}, than {one} (95 % {reach})."
        )
    return (
        f"{compared.label}: cannot tell {two} from {one}; it is {size} {way} (95 % {reach}, "
        "which holds 0)."
    )


def interval_text(compared: Compared) -> str:
    """Return the ends of the interval of a difference, signed."""
    assert compared.found is not None  # noqa: S101 - the caller looked
    ends = compared.found.interval.low, compared.found.interval.high
    low, high = (text_of(end, compared.unit, is_difference=True, sign=True) for end in ends)
    return f"{_bare(low)} to {high}"


def _bare(text: str) -> str:
    return text.removesuffix(" points").removesuffix(" ms")


def text_of(value: float, unit: str, *, is_difference: bool = False, sign: bool = False) -> str:
    """Return a number as it is read; shares in percent, and their differences in points.

    >>> text_of(0.0083, "share of predictions", is_difference=True, sign=True)
    '+0.8 points'
    >>> text_of(0.8083, "share of predictions"), text_of(131.2, "ms"), text_of(0.4496, "nats")
    ('80.8 %', '131 ms', '0.4496')
    """
    plus = "+" if sign and value >= 0 else ""
    if unit in IN_POINTS:
        digits = 2 if abs(value) < 0.001 else 1  # noqa: PLR2004 - tenths of a point
        return f"{plus}{value * 100:.{digits}f} {'points' if is_difference else '%'}"
    if unit == "ms":
        return f"{plus}{value:.0f} ms"
    return f"{plus}{value:.{3 if is_difference else 4}g}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
