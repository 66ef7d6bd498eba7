"""The agreement alone: all replicas in one process, messages handed over as they are, in the order of sending."""

import time
from collections import deque
from typing import Final

from qkdctl.abft.chain import Chain
from qkdctl.abft.effects import Collect, Commit, Effect, Event, OwnReport, Received, Send, Tick
from qkdctl.abft.replica import Beginning, Replica
from qkdctl.abft.timing import Timing
from tests.bench.agreement.floor import Floor, FloorMessage
from tests.bench.agreement.setting import Blank, Setting, report_text

PATIENT: Final = Timing(report_s=3600.0, round_s=3600.0, repeat_s=3600.0, repeat_most_s=3600.0)
"""Many nodes share a processor: nothing is late, and nothing is said twice."""


class Replicas:
    """qkdctl's replicas."""

    def __init__(self, setting: Setting) -> None:
        start = Beginning(Chain.beginning(setting.electorate), {})
        self._nodes = {name: Replica(name, start, PATIENT, Blank(), 0.0) for name in setting.names}
        self._under_way: deque[tuple[str, Event]] = deque()
        self._epoch = 0
        self._decided = 0

    def decide(self) -> float:
        """Decide one epoch; processor time of all nodes together, in seconds."""
        self._epoch, self._decided = self._epoch + 1, 0
        start_s = time.process_time()
        self._under_way.extend((name, Tick()) for name in self._nodes)
        while self._under_way:
            name, event = self._under_way.popleft()
            for effect in self._nodes[name].step(event, 0.0):
                self._do(name, effect)
        taken_s = time.process_time() - start_s
        assert self._decided == len(self._nodes), f"{self._decided} of {len(self._nodes)} decided epoch {self._epoch}"
        return taken_s

    def _do(self, name: str, effect: Effect) -> None:
        if isinstance(effect, Send):
            self._under_way.append((effect.to, Received(name, effect.message)))
        elif isinstance(effect, Collect):
            self._under_way.append((name, OwnReport(effect.epoch, report_text(name, effect.epoch))))
        elif isinstance(effect, Commit):
            self._decided += 1


class Floors:
    """Replicas of the floor."""

    def __init__(self, setting: Setting) -> None:
        self._names = setting.names
        self._nodes = {name: Floor(name, setting.names, setting.faults) for name in setting.names}
        self._under_way: deque[tuple[str, str, FloorMessage]] = deque()
        self._epoch = 0

    def decide(self) -> float:
        """Decide one epoch; processor time of all nodes together, in seconds."""
        self._epoch += 1
        start_s = time.process_time()
        for name, node in self._nodes.items():
            self._say(name, node.begin(report_text(name, self._epoch)))
        while self._under_way:
            to, sender, message = self._under_way.popleft()
            self._say(to, self._nodes[to].take(sender, message))
        taken_s = time.process_time() - start_s
        assert len({node.decided for node in self._nodes.values()} - {""}) == 1, "the floor did not decide"
        return taken_s

    def _say(self, name: str, messages: list[FloorMessage]) -> None:
        self._under_way.extend((to, name, message) for message in messages for to in self._names if to != name)
