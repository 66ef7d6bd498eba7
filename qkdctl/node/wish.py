"""The policy that the configuration wishes for; a node alone activates it by itself, a network only by an act."""

import structlog

from qkdctl.abft.acts import ActError
from qkdctl.agreement.act_desk import ActDesk
from qkdctl.records.act import ActivatePolicy
from qkdctl.store.memories import Memories

log = structlog.get_logger(__name__)
_ROOM = "policy"
_CONFIGURED = "configured"


class Wish:
    """Remembers which one has been activated, so that it is done once.

    Args:
        identity: of the policy; "" when it could not be loaded.
        memories: of the node.

    Attributes:
        identity: as above.
        is_filed: whether this process has asked for it.
    """

    def __init__(self, identity: str, memories: Memories) -> None:
        self.identity = identity
        self.is_filed = False
        self._memories = memories

    def take(self, identity: str) -> None:
        """The configuration has come to name another one."""
        self.identity, self.is_filed = identity, False

    async def activate(self, desk: ActDesk, in_force: str) -> None:
        """Want the act that activates it, for auditors to follow.

        Once it has been activated it counts no more than other acts: a start does not take it again after an operator,
        or a failure, has put another policy in its place.

        Args:
            desk: of a node alone.
            in_force: the policy that decides now.

        Raises:
            StoreError: the act, or that it was wanted, could not be stored.
        """
        if not self.identity or (await self._memories.all(_ROOM)).get(_CONFIGURED) == self.identity:
            return
        if self.identity != in_force:
            try:
                await desk.file(ActivatePolicy(policy=self.identity))
            except ActError as error:
                log.info("policy not activated", policy=self.identity[:12], why=str(error))
                return
            self.is_filed = True
        await self._memories.write(_ROOM, {_CONFIGURED: self.identity})
