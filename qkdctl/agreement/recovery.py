"""Where a node goes on after a start: end of the chain, agreed state, own votes."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from qkdctl.abft.chain import Chain
from qkdctl.abft.replica import Beginning
from qkdctl.agreement.application import NodeApplication
from qkdctl.agreement.ledger_entries import NotADecisionError, entry_of, place_of
from qkdctl.agreement.state import AgreedState
from qkdctl.store.store import Store

log = structlog.get_logger(__name__)
STATE_ROOM = "agreed"
VOTES_ROOM = "replica"
STATE_KEY = "state"
_PAGE = 100
_NETWORK_ROOM = "network"
_BEGAN_AS = "began-as"


class RecoveryError(Exception):
    """The ledger does not give the agreed state; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What the store held.

    Attributes:
        beginning: for the replica.
        state: after the last decision; None before the first.
    """

    beginning: Beginning
    state: AgreedState | None


async def recover(
    store: Store, first: Chain, application: Callable[[AgreedState | None], NodeApplication]
) -> Recovered:
    """Read the end of the ledger and the state after it; a state that was lost is computed again from the reports.

    A node that has decisions but does not remember its votes may have voted more than it knows, so it only follows the
    first epoch.

    Args:
        store: of the node.
        first: chain of the network before its first decision.
        application: makes an application that stands at a state.

    Raises:
        RecoveryError: the state directory belongs to another network, or the reports that the state follows from are
            not kept any more.
    """
    await _refuse_other_beginning(store, first)
    last = await store.decisions.last()
    votes = await store.memories.all(VOTES_ROOM)
    if last is None:
        return Recovered(Beginning(first, votes), None)
    chain, value = place_of(last.payload)
    chain = chain.after(value.digest, value.outcome.electorate)
    sits_out = not votes and len(chain.electorate.members) > 1
    state = await _stored_state(store)
    if state is None or state.network.epoch != chain.epoch - 1:
        state = await _replayed(store, state, application)
    return Recovered(Beginning(chain, votes, sits_out), state)


async def _refuse_other_beginning(store: Store, first: Chain) -> None:
    """A ledger that began otherwise can never be continued: its node would contradict all others."""
    began_as = (await store.memories.all(_NETWORK_ROOM)).get(_BEGAN_AS)
    if began_as is None:
        await store.memories.write(_NETWORK_ROOM, {_BEGAN_AS: first.previous})
    elif began_as != first.previous:
        raise RecoveryError(
            f"this node began with the network description {began_as[:16]}..., and is started with one that begins as "
            f'{first.previous[:16]}.... If all nodes have the new one, write began_as = "{began_as}" into its '
            "[network] at all of them; for a new network choose another state directory"
        )


async def _stored_state(store: Store) -> AgreedState | None:
    text = (await store.memories.all(STATE_ROOM)).get(STATE_KEY)
    if text is None:
        return None
    try:
        return AgreedState.from_json(text)
    except ValueError as error:
        log.warning("agreed state not understood; it is computed again", error=str(error))
        return None


async def _replayed(
    store: Store, state: AgreedState | None, application: Callable[[AgreedState | None], NodeApplication]
) -> AgreedState | None:
    """Follow the ledger from a state to its end."""
    runner = application(state)
    epoch = 0 if state is None else state.network.epoch
    while page := await store.decisions.since(epoch, _PAGE):
        log.info("computing the agreed state again", epoch=epoch)
        for found in page:
            chain, value = place_of(found.payload)
            texts = await store.decisions.reports([digest for _, digest in value.reports])
            try:
                _, state = runner.after(entry_of(found.payload, texts))
            except (NotADecisionError, ValueError) as error:
                raise RecoveryError(
                    f"the agreed state after epoch {epoch} is lost and cannot be computed again: {error}. Take the "
                    "state directory out of the way, and begin from another node's ledger with 'qkdctl ledger adopt', "
                    "or anew while the others still keep the reports of all epochs"
                ) from error
            runner.advance(state)
            epoch = chain.epoch
    return state
