"""What metrics and signals are called in sentences."""

from __future__ import annotations

from collections.abc import Mapping

from monitoring.metric import MetricResult

#: Metrics whose name with spaces would not do.
LABELS: Mapping[str, str] = {
    "error_rate": "Error rate",
    "client_error_rate": "Rate of requests refused as the caller's fault",
    "latency_p95": "Latency P95",
    "requests_share": "Share of the usual requests",
    "cpu_utilization": "CPU",
    "memory_utilization": "Memory",
    "disk_utilization": "Disk",
    "gpu_utilization": "GPU",
    "gpu_memory_utilization": "GPU memory",
    "ready_instances_share": "Share of instances that are ready",
    "quota_utilization": "Core quota in use",
    "collection_error_rate": "Data collection errors",
    "collected_share": "Share of the usual records collected",
    "failed_jobs": "Failed jobs",
    "queue_wait": "Wait of jobs in the queue",
    "log_categories": "Endpoint logs that are sent nowhere",
    "monitors": "Monitors that are gone or off",
    "data_collector": "Collections that are off",
}
#: What is wrong, in a title, by signal or by signal and metric.
_TITLES: Mapping[str, str] = {
    "traffic/error_rate": "requests fail",
    "traffic/client_error_rate": "a caller's requests are refused",
    "traffic/latency_p95": "requests are slow",
    "traffic/requests_share": "requests have stopped coming",
    "saturation": "resources run out",
    "saturation/cpu_utilization": "the CPU is full",
    "saturation/memory_utilization": "memory is full",
    "saturation/disk_utilization": "the disk is full",
    "saturation/gpu_utilization": "the GPU is full",
    "saturation/gpu_memory_utilization": "GPU memory is full",
    "saturation/ready_instances_share": "instances are not ready",
    "saturation/quota_utilization": "the core quota is used up",
    "saturation/unusable_nodes": "nodes are unusable",
    "collection": "data is not collected",
    "jobs": "jobs fail or wait",
    "jobs/failed_jobs": "a job failed",
    "jobs/queue_wait": "jobs wait in the queue",
    "cost": "machines are paid for and idle",
    "configuration": "the configuration leaves a blind spot",
    "configuration/log_categories": "logs are not sent",
    "configuration/monitors": "a monitor is gone or off",
    "configuration/data_collector": "the data collector is off",
    "data_drift": "inputs have moved",
    "data_quality": "inputs are faulty",
    "prediction_drift": "predictions have moved",
    "model_performance": "the model performs worse than it should",
    "estimated_performance": "the model is estimated to perform worse",
}


def label_of(metric: str) -> str:
    """Return the name of a metric for people.

    >>> label_of("latency_p95"), label_of("null_value_rate")
    ('Latency P95', 'Null value rate')
    """
    return LABELS.get(metric) or metric[:1].upper() + metric[1:].replace("_", " ")


def title_of(signal: str, metric: str) -> str:
    """Return what is wrong when a metric breaches.

    >>> title_of("traffic", "error_rate"), title_of("data_drift", "jensen_shannon_distance")
    ('requests fail', 'inputs have moved')
    """
    return _TITLES.get(f"{signal}/{metric}") or _TITLES.get(signal) or label_of(metric).lower()


def figure(result: MetricResult) -> str:
    """Return value against threshold, as text.

    >>> figure(MetricResult(signal="traffic", metric="error_rate", place=WORKSPACE, status="breached",
    ...     threshold=0.01, value=0.1234, unit="share of requests"))
    '0.123 against 0.01 share of requests'
    """
    if result.value is None:
        return result.reason
    unit = f" {result.unit}" if result.unit else ""
    return f"{result.value:.3g} against {result.threshold:.3g}{unit}"
