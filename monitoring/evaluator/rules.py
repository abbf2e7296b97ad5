"""What the steps of a round are held to, each part of it read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

from monitoring.evaluator import inputs
from monitoring.evaluator.plan import HOUR, Evaluated, Rule, States
from monitoring.monitor import Monitor
from monitoring.place import Place
from monitoring.signal import Need
from monitoring.window import DAY, Window
from monitoring.workspace.endpoints import Deployment

#: Whose files and over what: equal ones have equal states.
_Files = tuple[Place, frozenset[Need], Window, timedelta]


@dataclass(frozen=True, eq=False)
class Rules:
    """The rules of signals at places, as of the first look at each."""

    monitor: Monitor
    deployments: Mapping[Place, Deployment]
    _digests: dict[tuple[str, Place], str] = field(default_factory=dict, init=False)
    _states: dict[_Files, States | None] = field(default_factory=dict, init=False)

    def of(self, what: Evaluated, place: Place, window: Window, step: timedelta) -> Rule:
        """Return what the steps of a signal over a window depend on."""
        if what.scope == "deployment":
            states = self._of_files(what, place, window, step)
            return Rule(what.version, self._digest(what.name, place), states)
        digests = (self._digest(what.name, each) for each in self.deployments)
        return Rule(what.version, inputs.together(digests))

    @cached_property
    def _revision(self) -> int | None:
        return self.monitor.book.revision() if self.monitor.book else None

    def _digest(self, signal: str, place: Place) -> str:
        key = signal, place
        if key not in self._digests:
            self._digests[key] = self.monitor.in_force(signal, place, self._revision).digest
        return self._digests[key]

    def _of_files(
        self, what: Evaluated, place: Place, window: Window, step: timedelta
    ) -> States | None:
        key = place, what.needs & inputs.FILES, window, min(max(step, HOUR), DAY)
        if key not in self._states:
            deployed, deployment = self.monitor.deployed, self.deployments[place]
            self._states[key] = inputs.states(deployed, deployment, what.needs, window, step)
        return self._states[key]
