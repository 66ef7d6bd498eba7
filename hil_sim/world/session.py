"""The key session of a link: what happens on the fibre becomes session records of both its ends."""

from collections import deque
from itertools import islice

from hil_sim.world.counts import PulseCounts
from hil_sim.world.key_analysis import DECOY, X, Z, provable_key_bits
from hil_sim.world.link import OpticalLink
from hil_sim.world.session_settings import EndSettings, Terms, terms
from hil_sim.world.session_state import Mode, SessionParameters, SessionRefusedError, SessionState
from qkdctl.records.session import BasisCounts, End, QberSample, SessionRecord

_PEER: dict[End, End] = {"alice": "bob", "bob": "alice"}


class KeySession:
    """Both ends of a link, joined by a service channel over which they settle what a block is made with.

    Each end is told its own settings. The pair makes key only while both are in mode `key` with equal protocol and
    equal mean photon number; while they are not, and neither is idle, time is dead and nothing is sifted. An end that
    no engine serves follows the other.

    Time passes by looking: every method first counts what happened since the last one, interval by interval, and the
    link reports each change of its settings beforehand, so that no interval mixes the light before and after.
    A record ends with its interval, with its block or with what the pair does. While either end is idle there are none.
    """

    def __init__(self, link: OpticalLink, parameters: SessionParameters) -> None:
        self.link = link
        self.parameters = parameters
        self._clock = link.clock
        idle = EndSettings("idle", parameters.protocols[0], 0)
        self._ends: dict[End, EndSettings] = {"alice": idle, "bob": idle}
        self._served: set[End] = set()
        self._terms = terms(idle, idle)
        self._number = self._sequence = 0
        self._records: deque[SessionRecord] = deque(maxlen=parameters.kept_records)
        self._nothing = PulseCounts.none(len(parameters.intensity_ratios))
        self._block = self._interval = self._nothing
        self._credited_bits = 0
        self._block_started = self._interval_started = self._counted_until = self._clock.monotonic()
        link.before_change.append(self.advance)

    def join(self, end: End) -> None:
        """This end has an engine of its own, and follows the other no more."""
        self._served.add(end)

    def state(self, end: End = "alice") -> SessionState:
        """What one end is set to, and how far the session has come."""
        self.advance()
        own, peer = self._ends[end], self._ends[_PEER[end]]
        return SessionState(
            own.mode, peer.mode, own.protocol, own.mean_photon_number_e6, block=self._number, sequence=self._sequence
        )

    def configure(
        self,
        end: End | None = None,
        *,
        running: bool | None = None,
        mode: Mode | None = None,
        protocol: str | None = None,
        mean_photon_number_e6: int | None = None,
    ) -> SessionState:
        """Change any of the settings of an end; whatever changes what the pair does begins a new key block.

        Args:
            end: who is told; both when None.
            running: `True` leaves idle for key, `False` goes idle; no change when it already holds.
            mode: see SessionState.
            protocol: one of the parameters' protocols.
            mean_photon_number_e6: 0 to 1 000 000.

        Raises:
            SessionRefusedError: for settings that contradict each other or do not exist; nothing is changed then.
        """
        self.advance()
        told = [which for which in self._ends if end in (None, which) or which not in self._served]
        wanted = self._ends | {
            which: self._ends[which].changed(
                self.parameters,
                running=running,
                mode=mode,
                protocol=protocol,
                mean_photon_number_e6=mean_photon_number_e6,
            )
            for which in told
        }
        if wanted != self._ends:
            self._settle(terms(wanted["alice"], wanted["bob"]))
            self._ends = wanted
            sends_key = wanted["alice"].mode == "key"
            self.link.set_modulation_ratio(self.parameters.mean_intensity_ratio() if sends_key else 1.0)
        return self.state(end or "alice")

    def records(self, end: End, after: int, limit: int) -> list[SessionRecord]:
        """Up to `limit` records of one end with a sequence above `after`, oldest first."""
        self.advance()
        first = max(after + 1 - self.oldest_sequence(), 0)
        page = islice(self._records, first, first + max(limit, 0))
        return [record.model_copy(update={"end": end}) for record in page]

    def oldest_sequence(self) -> int:
        """Sequence of the oldest record still kept, 0 when there is none."""
        return self._records[0].sequence if self._records else 0

    def measure(self, pulses: int, end: End = "alice") -> QberSample:
        """Send an alignment pattern, half of it in either basis, and compare.

        The pattern takes `pulses` over the pulse rate; waiting for so long is up to the caller.

        Raises:
            SessionRefusedError: unless both ends are in alignment mode, or without pulses.
        """
        self.advance()
        state = self.state(end)
        if state.mode != "alignment":
            raise SessionRefusedError(
                f"cannot measure in mode {state.mode}",
                expected="mode alignment",
                hint="set the mode to alignment first",
            )
        if state.peer_mode != "alignment":
            raise SessionRefusedError(
                f"cannot measure while the other end is in mode {state.peer_mode}",
                expected="both ends in mode alignment",
                hint="set the mode of the other end to alignment; peer_mode shows it",
            )
        if pulses < 1:
            raise SessionRefusedError(
                f"cannot measure with {pulses} pulses", expected="1 or more", hint="send more pulses"
            )
        counts = self.link.detect(pulses, (1.0,), (1.0,), (0.5, 0.5), matched=True)
        detected, errors = int(counts.detected.sum()), int(counts.errors.sum())
        qber_ppm = errors * 1_000_000 // detected if detected else 1_000_000
        return QberSample(pulses=pulses, detected=detected, errors=errors, qber_ppm=qber_ppm)

    def advance(self) -> None:
        """Count what happened until now."""
        now = self._clock.monotonic()
        if self._terms.doing == "idle":
            self._begin_interval(now)
            return
        while (end := self._interval_started + self.parameters.interval_s) <= now:
            self._count(end)
            self._close_interval(end)
            if end - self._block_started >= self.parameters.block_s:
                self._number += 1
                self._begin_block(end)
        self._count(now)

    def _settle(self, wanted: Terms) -> None:
        """From now on the pair does something else, or the same on other terms: a new block."""
        if wanted == self._terms:
            return
        now = self._clock.monotonic()
        self._close_interval(now)
        self._terms = wanted
        self._number += 1
        self._begin_block(now)

    def _count(self, until: float) -> None:
        if until <= self._counted_until:
            return
        if self._terms.doing == "key":
            due = round((until - self._interval_started) * self.link.parameters.pulse_rate_hz)
            p = self.parameters
            self._interval += self.link.detect(
                due - self._interval.pulses,
                p.intensity_ratios,
                p.intensity_probabilities,
                p.basis_probabilities,
                time_s=(self._counted_until + until) / 2,
            )
        self._counted_until = until

    def _close_interval(self, end: float) -> None:
        duration_ms = round(end * 1000) - round(self._interval_started * 1000)
        if self._terms.doing == "idle" or duration_ms == 0:
            return
        self._block += self._interval
        self._sequence += 1
        mean, decoy = self._terms.mean_photon_number_e6, self.parameters.intensity_ratios[DECOY]
        self._records.append(
            SessionRecord(
                link=self.link.name,
                end="alice",
                sequence=self._sequence,
                block=self._number,
                started_ms=self._clock.wall_ms() - round((self._clock.monotonic() - self._interval_started) * 1000),
                duration_ms=duration_ms,
                protocol=self._terms.protocol,
                pulses=self._interval.pulses,
                mean_photon_numbers_e6=(mean, round(mean * decoy), 0),
                z=_basis_counts(self._interval, Z),
                x=_basis_counts(self._interval, X),
                secret_key_bits=self._credit(),
                dead_ms=0 if self._terms.doing == "key" else duration_ms,
            )
        )
        self._begin_interval(end)

    def _credit(self) -> int:
        """Key that the block proves now beyond what has been credited for it; a worsening block takes nothing back."""
        proven = provable_key_bits(
            self._block,
            self._terms.mean_photon_number_e6 * 1e-6,
            self.parameters.intensity_ratios[DECOY],
            correction=self.parameters.correction,
            least_clicks=self.parameters.least_clicks,
        )
        fresh = max(int(proven) - self._credited_bits, 0)
        self._credited_bits += fresh
        return fresh

    def _begin_block(self, now: float) -> None:
        self._block_started = now
        self._block = self._nothing
        self._credited_bits = 0
        self._begin_interval(now)

    def _begin_interval(self, now: float) -> None:
        self._interval_started = self._counted_until = now
        self._interval = self._nothing


def _basis_counts(counts: PulseCounts, basis: int) -> BasisCounts:
    return BasisCounts(
        sent=tuple(counts.sent[basis].tolist()),
        detected=tuple(counts.detected[basis].tolist()),
        errors=tuple(counts.errors[basis].tolist()),
    )
