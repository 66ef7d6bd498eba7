"""Reading the configuration again while the node runs: all of a change, or none of it."""

import asyncio
from collections.abc import Callable

import structlog

from qkdctl.api.errors import ConflictError, InvalidValueError
from qkdctl.config.change import diff
from qkdctl.config.model import Config
from qkdctl.config.problems import ConfigError
from qkdctl.node.node import Node
from qkdctl.service import Notifier

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

    def request(self, who: str) -> None:
        """Reload in the background, as a signal asks for it; a refusal is logged."""
        task = asyncio.create_task(self._logged(who))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def reload(self, who: str) -> str:
        """Reload and say what came of it.

        Raises:
            InvalidValueError: the new configuration is wrong.
            ConflictError: it changes what only a restart can change.
        """
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
        change = diff(self._node.config, new)
        if not change:
            return "nothing has changed"
        fixed = [
            *sorted(set(change.sections) - _LIVE),
            *_names("devices", change.devices),
            *_names("links", change.links),
        ]
        if fixed:
            raise ConflictError(
                f"only a restart can change {', '.join(fixed)}; nothing was applied",
                expected="changes of [policy] and [shield] only",
                hint="systemctl restart qkdctl; links whose set-points stand are taken over without a bump",
            )
        self._node.take_over(new)
        await self._node.journal.append(
            "operator", {"command": "reload", "who": who, "sections": list(change.sections)}
        )
        return f"applied: {', '.join(change.sections)}"

    async def _logged(self, who: str) -> None:
        try:
            log.info("configuration reloaded", outcome=await self.reload(who))
        except (InvalidValueError, ConflictError) as error:
            log.error("configuration not reloaded", error=error.error, hint=error.hint)  # noqa: TRY400 - said in full


def _names(section: str, change: object) -> list[str]:
    return [f"{section}.{name}" for kind in ("added", "removed", "changed") for name in getattr(change, kind)]
