"""A photograph of every judged number, incident and lane of the sample workspace, as lines of text.

A change that should change no number leaves it equal; one that should says so, line by line, in its
diff. `python -m tests.photograph` takes it anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from monitoring.window import Window

if TYPE_CHECKING:
    from monitoring.incident import Incident
    from monitoring.incidents.lane import Lane
    from monitoring.incidents.report import IncidentReport
    from monitoring.metric import MetricResult

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "tests" / "data" / "photograph"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
WINDOW = Window.last(timedelta(days=30), until=NOW)
#: How a status is written; what is blind is told apart from what is well.
MARKS = {
    "ok": "",
    "breached": "!",
    "not_enough_data": "?",
    "no_data": "-",
    "stale": "~",
    "not_permitted": "x",
    "error": "#",
}

Series = tuple[str, str, str, date]


def files(report: IncidentReport, lanes: Iterable[Lane]) -> dict[str, list[str]]:
    """Return the lines of each file: one a signal, the incidents, the lanes."""
    by_signal: dict[str, list[MetricResult]] = {}
    for result in report.results:
        by_signal.setdefault(result.signal, []).append(result)
    found = {f"results/{name}.txt": list(_results(by_signal[name])) for name in sorted(by_signal)}
    found["incidents.txt"] = [line for each in report.incidents for line in _incident(report, each)]
    found["lanes.txt"] = [_lane(each) for each in lanes]
    found["missing.txt"] = sorted(map(str, report.missing))
    return found


def _results(results: Iterable[MetricResult]) -> Iterator[str]:
    """Yield one line for each series and day: its steps' values, each with its mark."""
    series: dict[Series, list[MetricResult]] = {}
    for result in results:
        assert result.window is not None
        key = result.metric, str(result.place), _limit(result), result.window.start.date()
        series.setdefault(key, []).append(result)
    for key in sorted(series):
        metric, place, limit, day = key
        steps = sorted(series[key], key=lambda r: r.window.start if r.window else NOW)
        yield f"{day} {metric} {place} {limit}: {' '.join(map(_step, steps))}"


def _limit(result: MetricResult) -> str:
    return f"{'>' if result.worse == 'higher' else '<'}{result.threshold:.5g}"


def _step(result: MetricResult) -> str:
    value = "" if result.value is None else f"{result.value:.5g}"
    floor = "" if result.noise_floor is None else f"^{result.noise_floor:.4g}"
    ends = result.interval
    interval = (
        f"[{ends.low:.4g},{ends.high:.4g}]"
        if ends and result.signal not in {"traffic", "clients"}
        else ""
    )
    return f"{value}{MARKS[result.status]}{interval}{floor}/{result.rows}"


def _incident(report: IncidentReport, incident: Incident) -> Iterator[str]:
    until = f"{incident.resolved:%m-%d %H:%M}" if incident.resolved else "open"
    yield (
        f"{incident.id} {incident.severity} {incident.began:%m-%d %H:%M} {until}"
        f" fired {incident.fired:%m-%d %H:%M} | {incident.title} | {incident.affected}"
    )
    for breach in incident.breaches:
        end = f"{breach.end:%m-%d %H:%M}" if breach.end else "open"
        worst = "" if breach.worst.value is None else f"{breach.worst.value:.5g}"
        yield (
            f"    {breach.signal}/{breach.metric} {breach.place} {breach.start:%m-%d %H:%M} {end}"
            f" fired {breach.fired:%m-%d %H:%M} worst {worst} in {breach.steps} steps"
        )
    for suspect in report.suspects(incident)[:3]:
        yield f"    {suspect.rank}. {suspect.score:.3f} {suspect.time:%m-%d %H:%M} {suspect.title}"


def _lane(lane: Lane) -> str:
    known = [value for value in lane.values.tolist() if value == value]  # noqa: PLR0124 - NaN
    bad = sum(status == "breached" for status in lane.statuses)
    total = f"{sum(known):.6g}" if known else "nothing"
    return (
        f"{lane.group} {lane.name} {lane.subject}: {len(lane.times)} steps, sum {total},"
        f" {bad} breached, {len(lane.events)} events; {lane.missing}"
    )


def take(report: IncidentReport) -> dict[str, str]:
    """Return the photograph of a report: text by file name."""
    from monitoring.incidents import lanes  # noqa: PLC0415 - numpy

    lines = files(report, lanes.of(report))
    return {name: _text(found) for name, found in lines.items()}


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def main() -> None:
    """Take it anew."""
    from monitoring.settings import Settings  # noqa: PLC0415
    from monitoring.sources.azure import connect  # noqa: PLC0415
    from monitoring.sources.deployed import Deployed  # noqa: PLC0415
    from sample.builder import build  # noqa: PLC0415
    from tests.evaluated_now import evaluated  # noqa: PLC0415

    settings = Settings(cache=ROOT / ".cache", now=NOW, seed=2013)
    build(settings.cache, NOW, settings.seed, lambda _share, _text: None)
    report = evaluated(Deployed(connect(settings)), WINDOW, taken=NOW)
    for name, text in take(report).items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
