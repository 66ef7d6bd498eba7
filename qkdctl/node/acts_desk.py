"""What operators ask of acts: to file, approve and withdraw them. What would do nothing is refused with its reason."""

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import TypeAdapter

from qkdctl.abft.standing import is_quarantined
from qkdctl.agreement.act_desk import ActDesk
from qkdctl.api.errors import ConflictError, FacadeError, UnavailableError
from qkdctl.api.facade import Json
from qkdctl.audit.words import act_text
from qkdctl.node.acts_view import ABSENT_POLICY, is_at_hand, not_open
from qkdctl.node.answers import done, translated
from qkdctl.node.node import Node
from qkdctl.records.act import Act, AdmitMember, LiftQuarantine, TaggedAct


class ActsDesk:
    """Orders about acts, each written to the ledger before it is carried out, and again when it was refused.

    Args:
        node: the running node.
    """

    def __init__(self, node: Node) -> None:
        self._node = node

    async def file(self, act: Json, who: str) -> Json:
        """Want an act, and approve it once it is open.

        Raises:
            ConflictError: it would do nothing or cannot be done, or another act of this node is under way.
            UnavailableError: the node is still starting, or the disk does not take it.
        """
        wanted: Act = TypeAdapter(TaggedAct).validate_python(act)
        desk = self._desk()

        async def file() -> None:
            self._refuse_pointless(wanted)
            await desk.file(wanted)

        await self._order({"order": "file-act", "act": act, "who": who}, file)
        return done(wanted.kind, f"{act_text(wanted)}: wanted by this node; it gets a number with the next decision")

    async def approve(self, number: int, who: str) -> Json:
        """Stand by an open act.

        Raises:
            UnknownNameError: there is no such act.
            ConflictError: it is closed or withdrawn.
            UnavailableError: as for `file`.
        """
        book = self._node.application.book
        if number not in book.by_number:
            raise not_open(self._node, number)
        desk = self._desk()
        await self._order({"order": "approve-act", "act": number, "who": who}, lambda: desk.approve(number))
        act = book.by_number[number].act
        absent = "" if is_at_hand(self._node, act) else ABSENT_POLICY
        return done(str(number), f"act {number}, {act_text(act)}: approved by this node{absent}")

    async def withdraw(self, who: str) -> Json:
        """Take back the act that was filed at this node, as long as it is not decided.

        Raises:
            ConflictError: there is none, or it is withdrawn already.
            UnavailableError: as for `file`.
        """
        desk = self._desk()
        act, number = await self._order({"order": "withdraw-act", "who": who}, desk.withdraw)
        if number is None:
            return done(act.kind, f"{act_text(act)}: no longer wanted by this node; it had no number yet")
        said = "withdrawn by this node; it has no effect once a decision counts the report of this node that says so"
        return done(str(number), f"act {number}, {act_text(act)}: {said}")

    def _refuse_pointless(self, act: Act) -> None:
        """What the agreed book cannot know: standings, and whom the description of the network has.

        Raises:
            ConflictError: the act would change nothing, or nobody could hear the member that it admits.
        """
        if isinstance(act, LiftQuarantine):
            self._refuse_pardon(act.node)
        elif isinstance(act, AdmitMember) and act.node not in self._node.application.book.members:
            self._refuse_stranger(act.node)

    def _refuse_pardon(self, node: str) -> None:
        state = self._node.application.state
        found = next((entry for entry in state.network.standings if entry.node == node), None) if state else None
        if found is not None and not is_quarantined(found):
            raise ConflictError(
                f"{node} is in good standing, score {found.score_ppm / 1e6:.3f} and trust {found.trust_ppm / 1e6:.3f}: "
                "there is no quarantine to lift",
                expected="a node whose score or trust is below one half, or on probation",
                hint="'qkdctl abft weights' shows the standing of every node",
            )

    def _refuse_stranger(self, node: str) -> None:
        description = self._node.config.description
        if description is None:
            raise ConflictError(
                "this node has no network, so nobody can join it",
                hint="make a network: qkdctl network init --help",
            )
        if node not in description.members:
            raise ConflictError(
                f"network {description.name} has no {node} in its description, so nobody could hear it",
                expected=f"one of {', '.join(description.members)}",
                hint=f"add [members.{node}] with joins = true to {description.source}, the same at every node, restart "
                "them, and file the act then",
            )

    async def _order(self, payload: Json, order: Callable[[], Awaitable[Any]]) -> Any:
        """Write an order to the ledger, carry it out, and write down too if that was refused; what came of it."""
        await translated(self._node.journal.append("operator", payload))
        try:
            return await translated(order())
        except FacadeError as error:
            self._node.journal.note("operator", {**payload, "refused": str(error)})
            raise

    def _desk(self) -> ActDesk:
        desk = self._node.agreeing.desk
        if desk is None:
            raise UnavailableError("the node is still starting")
        return desk
