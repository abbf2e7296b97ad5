"""Energy: what GPUs measured of themselves, as watt hours and grams of CO2; nothing else measures any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from monitoring.capacity.instances import (
    NAMESPACE,
    grain_of,
    has_gpu,
    is_unknown_metric,
)
from monitoring.errors import SourceError
from monitoring.place import Place
from monitoring.sources.metrics import PlatformMetrics
from monitoring.window import Window
from monitoring.workspace.endpoints import Deployment

#: Grams of CO2 equivalent per kilowatt hour of electricity, mean of the world in 2024, rounded.
#: Ember (2025), Global Electricity Review. A region's own factor may be a tenth or the double of it.
GRAMS_PER_KWH = 473.0
_JOULES_PER_WH = 3600.0


@dataclass(frozen=True, slots=True)
class Energy:
    """What the GPUs of one deployment used in a window, and the share of the window that was measured."""

    place: Place
    watt_hours: float
    measured_share: float

    def grams(self, grams_per_kwh: float = GRAMS_PER_KWH) -> float:
        """Return the CO2 equivalent in grams.

        >>> Energy("a/b", 2000.0, 1.0).grams(400.0)
        800.0
        """
        return self.watt_hours / 1000 * grams_per_kwh


def energy(
    metrics: PlatformMetrics, deployments: Sequence[Deployment], window: Window
) -> tuple[Energy, ...]:
    """Return the energy of each deployment whose machines have a GPU that reports any.

    GpuEnergyJoules is the energy of a minute, and Azure gives its mean only: the mean of a grain
    times its minutes. A gap adds nothing, and shows in `measured_share`.

    Raises:
        NotPermittedError: The identity may not read metrics of the subscription.
        SourceError: Azure did not answer.
    """
    asked = [d for d in deployments if has_gpu(d.instance_type)]
    grain = grain_of(window)
    try:
        series = metrics.series(
            [d.id for d in asked],
            NAMESPACE,
            ["GpuEnergyJoules"],
            window,
            grain,
            "Average",
            ["instanceId"],
        )
    except SourceError as error:
        if is_unknown_metric(error):
            return ()
        raise
    found = []
    for deployment in asked:
        own = [s.values for s in series if s.resource_id.lower() == deployment.id.lower()]
        if own:
            values = np.stack(own)
            joules = float(np.nansum(values)) * (grain / timedelta(minutes=1))
            measured = float((~np.isnan(values)).any(axis=0).mean())
            found.append(Energy(deployment.place, joules / _JOULES_PER_WH, measured))
    return tuple(found)
