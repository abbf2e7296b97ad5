"""Measure one part in this process: NAME [--tiny]. `python -m benchmarks` starts one for each."""

from __future__ import annotations

import sys

from benchmarks.parts import Value, part, say


def line(name: str, value: Value) -> str:
    """Return `name: value`, six digits of a fraction.

    >>> line("drift_1m_ours_work_cpu_seconds", 1.23456789)
    'drift_1m_ours_work_cpu_seconds: 1.23457'
    """
    return f"{name}: {value:.6g}" if isinstance(value, float) else f"{name}: {value}"


def main(name: str, *, tiny: bool) -> int:
    """Print each value as it is known; an error is one sentence, and what was printed stays."""
    try:
        for value_name, value in part(name).measure(tiny=tiny):
            print(line(value_name, value), flush=True)
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - whatever fails here, the next part still runs
        reason = str(error).strip().splitlines() or ["no message"]
        say(f"The part {name!r} failed: {type(error).__name__}: {reason[-1]}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], tiny="--tiny" in sys.argv[2:]))
