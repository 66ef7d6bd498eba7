"""What operators ordered for each link; it holds until they order otherwise, restarts included."""

import sqlite3
from dataclasses import dataclass
from typing import Literal, TypeAlias

from qkdctl.clock import Clock
from qkdctl.store.database import Database

OrderedMode: TypeAlias = Literal["running", "hold", "manual-safe"]


@dataclass(frozen=True, slots=True)
class LinkOrder:
    """An order.

    Attributes:
        mode: `running` leaves the link to the policy, `hold` keeps its settings, `manual-safe` keeps it dark.
        wall_ms: when, milliseconds since 1970-01-01 UTC.
        actor: who.
    """

    mode: OrderedMode
    wall_ms: int
    actor: str


class LinkModes:
    """The order in force for each link."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def put(self, link: str, mode: OrderedMode, actor: str) -> None:
        """Replace the order in force.

        Raises:
            StoreError: no such mode, or it could not be written.
        """
        wall_ms = self._clock.wall_ms()
        await self._database.run(
            lambda connection: connection.execute(
                "INSERT INTO link_modes (link, mode, wall_ms, actor) VALUES (?, ?, ?, ?) ON CONFLICT (link) DO UPDATE "
                "SET mode = excluded.mode, wall_ms = excluded.wall_ms, actor = excluded.actor",
                (link, mode, wall_ms, actor),
            )
        )

    async def all(self) -> dict[str, LinkOrder]:
        """Orders by link; a link without one is `running`."""

        def job(connection: sqlite3.Connection) -> dict[str, LinkOrder]:
            rows = connection.execute("SELECT link, mode, wall_ms, actor FROM link_modes")
            return {link: LinkOrder(mode, wall_ms, actor) for link, mode, wall_ms, actor in rows}

        return await self._database.run(job)
