"""Jobs and clusters: joined from three logs, judged step by step, and the sample's quota incident."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.signals.clusters import judging as clusters
from monitoring.signals.jobs import judging as jobs
from monitoring.sources.azure import Azure
from monitoring.sources.logs import Logs
from monitoring.sources.metrics import PlatformMetrics
from monitoring.window import Window

NOON = datetime(2026, 11, 14, 12, tzinfo=UTC)
WINDOW = Window(NOON, NOON + timedelta(hours=6))
HOUR = timedelta(hours=1)


def event(job: str, **columns: Any) -> dict[str, Any]:
    return {
        "JobId": job, "JobName": job, "Experiment": "e", "Cluster": "c", "Kind": "Command",
        "Submitted": None, "Started": None, "Ended": None, "LastEvent": "JobRunning",
        "State": "Running", "Last": NOON, "Error": "", **columns,
    }  # fmt: skip


def test_the_logs_are_joined_by_id_whatever_its_case() -> None:
    on_cluster = [event("Train", Submitted=NOON, Started=NOON + HOUR)]
    status = {"JobId": "TRAIN", "Queued": NOON, "Started": None, "Ended": None,
              "State": "Queued", "Last": NOON, "Message": ""}  # fmt: skip
    use = {"JobId": "train", "Device": "CPU", "Metric": "CpuUtilization", "MeanPercent": 81.0}
    memory = use | {"Device": "GPU", "Metric": "GpuMemoryUtilization", "MeanPercent": 5.0}
    found = jobs.runs(on_cluster, [status, status | {"JobId": "spark"}], [use, memory])
    train, spark = sorted(found, key=lambda run: run.cluster, reverse=True)
    assert (train.cluster, train.cpu_percent, train.gpu_percent) == ("c", 81.0, None)
    assert (spark.id, spark.cluster, spark.is_waiting) == ("spark", "", True)


def test_waits_and_failures_fall_into_their_steps() -> None:
    found = jobs.runs(
        [
            event("waits", Submitted=NOON + HOUR, State="Queued", LastEvent="JobSubmitted"),
            event("fails", Submitted=NOON, Started=NOON + timedelta(minutes=5),
                  Ended=NOON + 2.5 * HOUR, LastEvent="JobFailed", Error="no"),
        ]
    )  # fmt: skip
    judged = jobs.judged(found, WINDOW, HOUR)
    failed = [r for r in judged if r.metric == "failed_jobs"]
    waits = [r for r in judged if r.metric == "queue_wait"]
    assert [r.value for r in failed] == [0, 0, 1, 0, 0, 0]
    assert (failed[2].status, failed[2].reason) == ("breached", "no")
    assert [r.value for r in waits] == [5, 60, 120, 180, 240, 300]
    assert [r.status for r in waits] == ["ok", *["breached"] * 5]


def test_before_the_first_event_nothing_is_known() -> None:
    assert {r.status for r in jobs.judged([], WINDOW, HOUR)} == {"no_data"}
    late = jobs.runs([event("late", Submitted=NOON + 3 * HOUR)])
    statuses = [r.status for r in jobs.judged(late, WINDOW, HOUR) if r.metric == "failed_jobs"]
    assert statuses[:3] == ["no_data"] * 3
    assert statuses[3:] == ["ok"] * 3


def test_the_last_word_of_a_cluster_is_its_newest() -> None:
    row = dict.fromkeys(
        ("State", "VmSize", "Minimum", "Maximum", "Running", "Idle", "Preparing", "Unusable",
         "Quota", "QuotaUsed", "Error", "Target")
    )  # fmt: skip
    old, new = (
        {**row, "Cluster": "c", "TimeGenerated": NOON + n * HOUR, "Current": n} for n in (0, 1)
    )
    (last,) = clusters.latest([new, old])
    assert last.current == 1


@pytest.fixture(scope="module")
def around_the_quota(azure: Azure) -> Window:
    now = azure.settings.clock()
    return Window(now - timedelta(days=9), now - timedelta(days=7))


def test_the_quota_incident_shows_as_quota_wait_and_failure(
    azure: Azure, around_the_quota: Window
) -> None:
    logs, window = Logs(azure), around_the_quota
    answers = [logs.ask(q, window) for q in ("job_runs", "run_status", "job_utilization")]
    found = jobs.runs(*(answer.records() for answer in answers))
    judged = (
        *jobs.judged(found, window, timedelta(hours=6)),
        *clusters.judged(PlatformMetrics(azure), azure.workspace_id, window, timedelta(hours=6)),
    )
    breached = {r.metric for r in judged if r.status == "breached"}
    assert breached == {"failed_jobs", "queue_wait", "quota_utilization"}
    (failed,) = [run for run in found if run.is_failed]
    assert "ClusterCoreQuotaReached" in failed.error
    sweep = next(run for run in found if run.kind == "Sweep")
    assert sweep.cpu_percent == pytest.approx(84, abs=2)


def test_a_workspace_without_a_cluster_has_none(azure: Azure, around_the_quota: Window) -> None:
    elsewhere = azure.workspace_id + "/onlineEndpoints/digits"
    with pytest.raises(Exception, match="Cannot read"):
        clusters.nodes(PlatformMetrics(azure), elsewhere[:-6] + "gone/x", around_the_quota, HOUR)
