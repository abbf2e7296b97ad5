"""Why a number moved: faults of the data, segments, causes of a change of performance."""
