"""What a service is held to where the user has set no objective."""

ERROR_RATE = 0.01
LATENCY_P95_MS = 1_000.0
