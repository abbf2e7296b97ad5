"""Write a traffic log, as a sample workspace's store and as Parquet: FOLDER ROWS DAYS."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from sample.builder.database import TYPES, schemas

TABLE = "AmlOnlineEndpointTrafficLog"
START = "2026-11-14 12:00:00"
#: Chances from hashes, so that rows do not depend on the number of threads.
_ROWS = """
    SELECT
        $start::TIMESTAMP + to_milliseconds((86400000.0 * (
            $days * n / $rows - 0.09 * sin(2 * pi() * $days * n / $rows)))::BIGINT) AS time,
        hash(n) % 16 AS where_, hash(n + 0.1) % 1000 AS fate,
        (hash(n + 0.2) % 1000000 + 1) / 1000001.0 AS u, hash(n + 0.3) % 1000000 / 1000000.0 AS v
    FROM range($rows) range(n)
"""
_GIVEN = {
    "TimeGenerated": "time",
    # Azure writes names in the case in which each client wrote them.
    "EndpointName": "CASE WHEN where_ < 6 THEN 'flight-delay' WHEN where_ < 8 THEN 'Flight-Delay' "
    "WHEN where_ < 13 THEN 'flight-time' ELSE 'digits' END",
    "DeploymentName": "CASE WHEN where_ < 2 THEN 'green' ELSE 'blue' END",
    "ResponseCode": "CASE WHEN fate < 985 THEN 200 WHEN fate < 987 THEN 401 WHEN fate < 988 THEN 404 "
    "WHEN fate < 990 THEN 408 WHEN fate < 995 THEN 424 WHEN fate < 998 THEN 429 WHEN fate < 999 "
    "THEN 503 ELSE 500 END",
    "TotalDurationMs": "greatest(1, 100 * exp(0.6 * sqrt(-2 * ln(u)) * cos(2 * pi() * v)))",
    "UserAgent": "CASE where_ % 3 WHEN 0 THEN 'TravelApp/5.2 (iOS 19)' WHEN 1 THEN 'kiosk/1.4' "
    "ELSE 'partner-desk/3.1' END",
    "XRequestId": "md5(u::VARCHAR || v::VARCHAR)",
}


def write(folder: Path, rows: int, days: int) -> None:
    """Write `workspace.duckdb` and `traffic.parquet` below a folder, rows in order of time."""
    columns = []
    for name, kind in schemas()[TABLE].items():
        value = _GIVEN.get(name, "''" if kind == "string" else "NULL")
        columns.append(f'({value})::{TYPES[kind]} AS "{name}"')
    with duckdb.connect(str(folder / "workspace.duckdb")) as connection:
        connection.execute(
            f'CREATE TABLE "{TABLE}" AS SELECT {", ".join(columns)} FROM ({_ROWS}) ORDER BY time',
            {"rows": rows, "days": days, "start": START},
        )
        connection.execute(f"COPY \"{TABLE}\" TO '{folder / 'traffic.parquet'}' (FORMAT parquet)")


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
