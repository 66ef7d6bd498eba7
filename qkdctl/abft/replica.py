"""One replica: epoch after epoch, each decided by an `Instance`; crash recovery, catching up, the watch for forks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from qkdctl.abft.chain import Chain
from qkdctl.abft.effects import Alarm, Collect, Commit, Effect, Event, Halt, OwnReport, Received, SitOut, Tick
from qkdctl.abft.history import History
from qkdctl.abft.instance import Instance
from qkdctl.abft.memory import Memory
from qkdctl.abft.messages import Content, Decided, InContext, Message, Wanted
from qkdctl.abft.peers import Peers
from qkdctl.abft.rejoining import Rejoining
from qkdctl.abft.serving import Serving
from qkdctl.abft.speech import Speech
from qkdctl.abft.timing import Timing
from qkdctl.abft.value import Application, Entry
from qkdctl.abft.witness import Witness

FORK = "fork"
DAMAGE = "damaged-store"
_NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a replica starts from.

    Attributes:
        chain: end of the ledger.
        stored: what `Persist` has written.
        sits_out: the store may be older than what was said before (a restored backup): epochs are only followed as
            long as something may have been said in them.
    """

    chain: Chain
    stored: Mapping[str, str]
    sits_out: bool = False


class Replica:
    """Drives the epochs of one node.

    Args:
        me: its name.
        beginning: ledger and store.
        timing: patience.
        application: judges reports and computes what follows from them.
        now: monotonic time in seconds.

    Attributes:
        chain: the epoch under way or, between epochs, the next one.
        instance: the epoch under way, None between epochs.
        halted: it has stopped for good.
    """

    def __init__(self, me: str, beginning: Beginning, timing: Timing, application: Application, now: float) -> None:
        self.chain = beginning.chain
        self.instance: Instance | None = None
        self.halted = False
        self._me = me
        self._timing = timing
        self._application = application
        self._effects: list[Effect] = []
        self._memory = Memory(beginning.stored)
        self._speech = Speech(me, timing)
        self._serving = Serving(timing.repeat_s)
        self._peers = Peers()
        self._history = History(self.chain)
        self._witness = Witness(self.chain.electorate)
        self._strain = 0
        self._ticked = False
        self._entry: Entry | None = None
        self._rejoining = Rejoining() if beginning.sits_out or self._memory.rejoins else None
        self._note_rejoining()
        self._resume(now)

    @property
    def wake_at(self) -> float:
        """Monotonic time at which to send `Wake`; it changes with every step."""
        if self.halted or self.instance is None:
            return _NEVER
        return min(self._speech.repeat_at, self.instance.wake_at())

    @property
    def rejoins(self) -> bool:
        """It only follows, because it may have said what it does not remember."""
        return self._rejoining is not None

    def step(self, event: Event, now: float) -> list[Effect]:
        """Take an event in and return what is to be done, in this order; nothing once it has halted."""
        if self.halted:
            return []
        if isinstance(event, Tick):
            self._ticked = self.instance is None
            if self.instance is not None:
                self.instance.reconsider()
        elif isinstance(event, OwnReport):
            if self.instance is not None and event.epoch == self.chain.epoch:
                self.instance.report(event.content)
        elif isinstance(event, Received):
            self._take(event.sender, event.message, now)
        elif isinstance(event, SitOut):
            self._sit_out()
        self._go_on(now)
        self._speak(now)
        effects, self._effects = self._effects, []
        if self.halted:
            return [effect for effect in effects if isinstance(effect, Alarm | Halt)]
        return effects

    def _go_on(self, now: float) -> None:
        """Everything that can happen without a further message."""
        while not self.halted:
            if self.instance is None:
                if not self._ticked and not self._others_reached(self.chain.epoch):
                    return
                self._begin(now)
                continue
            self.instance.advance(now)
            self._learn_decision(self.instance)
            if self._entry is None and not self._commit(self.instance):
                return
            if not self._may_leave(self.instance):
                return
            self._leave(self.instance)

    def _begin(self, now: float) -> None:
        self._ticked = False
        instance = Instance(
            self._me,
            self.chain,
            self._timing,
            self._application,
            began_at=now,
            strain=self._strain,
            abstains=self._stays_out(),
        )
        self.instance, self._entry = instance, None
        self._speech.begin(now)
        if not instance.abstains and not self._others_reached(self.chain.epoch + 1):
            self._effects.append(Collect(self.chain.epoch, *self._witness.last()))
        self._witness.begin(self.chain.electorate)
        for sender, message in self._peers.take_early(self.chain.epoch):
            self._take(sender, message, now)

    def _sit_out(self) -> None:
        """Only follow: something was said that is forgotten, in the epoch under way or one of the next."""
        self._rejoining = Rejoining()
        self._note_rejoining()
        if self.instance is not None:
            self.instance.abstains = True

    def _stays_out(self) -> bool:
        """Whether the epoch that begins is only followed."""
        if self._rejoining is not None and not self._rejoining.may_have_spoken(self.chain.epoch, self.chain.electorate):
            self._rejoining = None
            self._note_rejoining()
        return self._rejoining is not None

    def _note_rejoining(self) -> None:
        persist = self._memory.note_rejoining(rejoins=self._rejoining is not None)
        if persist is not None:
            self._effects.append(persist)

    def _others_reached(self, epoch: int) -> bool:
        """A weak quorum is in an epoch already, or beyond it."""
        return self.chain.electorate.is_weak(self._peers.at_or_beyond(epoch))

    def _learn_decision(self, instance: Instance) -> None:
        """A weak quorum's word is final, and must not contradict what was decided here."""
        decisions = self._witness.decisions()
        for value in decisions:
            if not instance.decided and decisions.is_weak(value):
                instance.conclude(value)
        for value in decisions:
            if instance.decided and value != instance.decided:
                text = f"epoch {instance.chain.epoch}: decided {instance.decided[:12]} here, {value[:12]} there"
                self._conflict(decisions.nodes(value), text)

    def _commit(self, instance: Instance) -> bool:
        """Write the decision down once all of it is at hand."""
        if not instance.decided:
            return False
        try:
            value = instance.proposals.parsed(instance.decided)
        except ValueError as error:
            self._halt(FORK, f"epoch {instance.chain.epoch}: what was decided is no value: {error}")
            return False
        if value is None or any(found not in instance.gathering.texts for _, found in value.reports):
            return False
        reports = {author: instance.gathering.texts[found] for author, found in value.reports}
        self._entry = Entry(instance.chain, value, reports)
        persist = self._memory.update(instance)
        self._effects += [Commit(self._entry)] if persist is None else [persist, Commit(self._entry)]
        return True

    def _may_leave(self, instance: Instance) -> bool:
        """Nobody needs this replica for the epoch any more."""
        if not instance.abstains:
            self._witness.note_decision(self._me, instance.decided)
        return self._witness.decisions().is_strong(instance.decided) or self._others_reached(instance.chain.epoch + 1)

    def _leave(self, instance: Instance) -> None:
        assert self._entry is not None, "an epoch is left with its decision"
        self._strain = self._timing.strain_after(instance.decided_round, self._strain)
        self._witness.end(instance)
        self._history.leave(instance.chain, instance.decided)
        self.chain = self._entry.next_chain
        self.instance = None

    def _take(self, sender: str, message: Message, now: float) -> None:
        is_member = sender in self.chain.electorate.weights or sender in self.chain.following.weights
        if is_member and isinstance(message, InContext):
            self._peers.note(sender, message.epoch)
            if self._rejoining is not None:
                self._rejoining.note(sender, message.epoch)
        if self.instance is not None and message.epoch == self.chain.epoch:
            self._take_present(self.instance, sender, message, now)
        elif message.epoch < self.chain.epoch:
            self._take_past(sender, message, now)
        elif is_member:
            self._peers.keep_early(sender, message, self.chain.epoch + (self.instance is not None))

    def _take_present(self, instance: Instance, sender: str, message: Message, now: float) -> None:
        if isinstance(message, Wanted):
            self._effects += self._serving.of_present(sender, message, instance, now)
        elif sender not in instance.chain.electorate.weights:
            return
        elif isinstance(message, Content):
            instance.take_text(message.text)
        elif isinstance(message, Decided):
            self._witness.note_decision(sender, message.value)
        elif message.context != instance.chain.context:
            text = f"epoch {message.epoch}: another history, or other weights"
            self._conflict(self._witness.note_stranger(sender), text)
        elif instance.take(sender, message):
            self._speech.hurry(now)

    def _take_past(self, sender: str, message: Message, now: float) -> None:
        """Somebody is behind, or says what was decided long ago."""
        contradiction = self._history.contradiction(message)
        if contradiction:
            self._conflict(self._witness.note_contradiction(sender), contradiction)
        if not isinstance(message, Decided | Content):
            self._effects += self._serving.of_past(sender, message, self.chain, now)

    def _conflict(self, nodes: Iterable[str], text: str) -> None:
        """One liar may say so; when a weak quorum does, more than f members lie, here or there."""
        named = frozenset(nodes)
        who = ", ".join(sorted(named))
        if self.chain.electorate.is_weak(named):
            self._halt(FORK, f"{text}: so says a weak quorum ({who}), so more than f members lie")
        elif self._witness.is_new(named):
            self._effects.append(Alarm("conflicting-history", who, f"{text}: so says {who}"))

    def _halt(self, code: str, text: str) -> None:
        self.halted = True
        self._effects.append(Halt(code, text))

    def _speak(self, now: float) -> None:
        """Store what must not be forgotten, then say what is new, and from time to time what was said before."""
        if self.instance is None or self.halted:
            return
        persist = self._memory.update(self.instance)
        if persist is not None:
            self._effects.append(persist)
        self._effects += self._speech.sends(self.instance, self._entry is not None, now)

    def _resume(self, now: float) -> None:
        """Go on with the epoch that a crash interrupted, if there is one; a decided one may still need this replica."""
        plain, texts = self._memory.read()
        if plain is None:
            return
        chain = Chain.from_plain(plain["chain"])
        is_decided = chain.epoch == self.chain.epoch - 1
        if chain.epoch > self.chain.epoch or (is_decided and plain["decided"] not in ("", self.chain.previous)):
            self._halt(DAMAGE, f"votes of epoch {chain.epoch} are stored, the ledger ends before {self.chain.epoch}")
            return
        if chain != self.chain and not (is_decided and plain["decided"]):
            return
        abstains = self._rejoining is not None
        instance = Instance(self._me, chain, self._timing, self._application, began_at=now, strain=0, abstains=abstains)
        instance.restore(plain, texts)
        self.instance = instance
        self._speech.begin(now)
        if is_decided:
            value = instance.proposals.parsed(instance.decided)
            assert value is not None, "a decision is stored with its text"
            reports = {author: texts[found] for author, found in value.reports}
            self.chain, self._entry = chain, Entry(chain, value, reports)
            self._witness.begin(chain.electorate)
        elif not instance.abstains and self._me not in instance.gathering.first:
            self._effects.append(Collect(chain.epoch, *self._witness.last()))
