"""Reading the configuration again while the node runs: all of a change, or none of it."""

import asyncio
from collections.abc import Callable

import structlog

from qkdctl.api.errors import ConflictError, FacadeError, InvalidValueError, UnavailableError
from qkdctl.config.change import changed_keys
from qkdctl.config.model import Config
from qkdctl.config.problems import ConfigError
from qkdctl.node.node import Node
from qkdctl.node.policy import load_policy_apart
from qkdctl.policy.proposal import Policy
from qkdctl.service import Notifier
from qkdctl.store.errors import StoreError

log = structlog.get_logger(__name__)
_LIVE = frozenset({"policy", "shield"})


class Reloader:
    """Applies what can change without letting go of an instrument, and refuses the rest as a whole.

    Args:
        node: the running node.
        read: reads and checks the files again.
        notifier: told when a reload begins and ends.
    """

    def __init__(self, node: Node, read: Callable[[], Config], notifier: Notifier) -> None:
        self._node = node
        self._read = read
        self._notifier = notifier
        self._tasks: set[asyncio.Task[None]] = set()
        self._one_at_a_time = asyncio.Lock()

    def request(self, who: str) -> None:
        """Reload in the background, as a signal asks for it; a refusal is logged."""
        task = asyncio.create_task(self._logged(who))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def reload(self, who: str) -> str:
        """Reload and say what came of it.

        Raises:
            InvalidValueError: the new configuration, or the policy that it names, is wrong.
            ConflictError: it changes what only a restart can change, or the node is starting or stopping.
            UnavailableError: the ledger does not take the order.
        """
        async with self._one_at_a_time:
            if not self._node.is_ready or self._node.is_stopping:
                raise ConflictError(f"the node is {self._node.state}; nothing was applied", hint="try again later")
            self._notifier.reloading()
            try:
                return await self._apply(who)
            finally:
                self._notifier.ready()

    async def _apply(self, who: str) -> str:
        try:
            new = await asyncio.to_thread(self._read)
        except ConfigError as error:
            text = "; ".join(problem.render() for problem in error.problems)
            raise InvalidValueError(text, hint="the running configuration stays in force") from error
        changed = changed_keys(self._node.config, new)
        fixed = [key for key in changed if key.partition(".")[0] not in _LIVE]
        if fixed:
            raise ConflictError(
                f"only a restart can change {', '.join(fixed)}; nothing was applied",
                expected="changes of [policy] and [shield] only",
                hint="systemctl restart qkdctl; links whose set-points stand are taken over without a bump",
            )
        policy, problem = await load_policy_apart(new)
        if problem:
            raise InvalidValueError(problem, hint="the policy in force stays; nothing was applied")
        sections = {key.partition(".")[0] for key in changed}
        other = "policy" in sections or policy.identity not in self._node.policies
        applied = sorted({*sections, *(["policy"] if other else [])})
        if not applied:
            return "nothing has changed"
        try:
            await self._node.journal.append("operator", {"command": "reload", "who": who, "sections": list(applied)})
        except StoreError as error:
            raise UnavailableError(str(error), hint="nothing was applied") from error
        await self._take_over(new, policy)
        pending = policy.identity != self._node.application.book.policy and not self._node.wish.is_filed
        hint = f"; activate it with 'qkdctl policy activate {policy.identity}'" if pending else ""
        return f"applied: {', '.join(applied)}{hint}"

    async def _take_over(self, new: Config, policy: Policy) -> None:
        try:
            await self._node.take_over(new, policy)
        except StoreError as error:
            raise UnavailableError(
                str(error), hint="reload again, or restart: the policy is not activated yet"
            ) from error

    async def _logged(self, who: str) -> None:
        try:
            log.info("configuration reloaded", outcome=await self.reload(who))
        except FacadeError as error:
            log.error("configuration not reloaded", error=error.error, hint=error.hint)  # noqa: TRY400 - said in full
        except Exception:
            log.exception("configuration not reloaded")
