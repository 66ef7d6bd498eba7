"""Opens the keys that a decision asks of, before the next report."""

from collections.abc import Iterable
from typing import cast

import structlog

from qkdctl.control.alarms import Alarms, Severity
from qkdctl.devices.kinds import KeyRouterDevice
from qkdctl.devices.supervisor import Supervisor
from qkdctl.records.relay import RelayView
from qkdctl.records.relay_audits import KeyCase

log = structlog.get_logger(__name__)


class KeyOpener:
    """What one node says of keys that failed.

    Args:
        me: the node.
        router: of the node.
        alarms: of the node.
    """

    def __init__(self, me: str, router: Supervisor, alarms: Alarms) -> None:
        self._me = me
        self._router = router
        self._alarms = alarms
        self._cases: tuple[KeyCase, ...] = ()
        self._views: dict[KeyCase, RelayView] = {}

    def ask(self, cases: Iterable[KeyCase]) -> None:
        """These are to be opened, and no others."""
        self._cases = tuple(case for case in cases if self._me in case.path)
        self._views = {}

    def views(self) -> tuple[RelayView, ...]:
        """What was opened so far, sorted by key."""
        return tuple(sorted(self._views.values(), key=lambda view: view.key))

    async def open(self) -> bool:
        """Open what is not open yet; False when it has to be tried again."""
        cases = self._cases
        for case in cases:
            if self._cases is cases and case not in self._views and self._router.usable:
                await self._open(case)
        return self._cases is cases and all(case in self._views for case in cases)

    async def _open(self, case: KeyCase) -> None:
        name = self._router.device.name
        try:
            view = await cast("KeyRouterDevice", self._router.device).audit(case.key)
        except Exception as error:  # noqa: BLE001 - third-party drivers may raise anything
            # A router that knows nothing of the key, or not yet, is right to refuse; nobody is blamed for silence.
            log.info("key not opened", key=case.key, router=name, error=str(error) or repr(error))
            return
        if (view.key, view.path, view.node) != (case.key, case.path, self._me):
            # To pass it on would be to speak from another's place, which only liars do.
            self._remark("router-misplaced", f"{name} opens {case.key} as {view.node} on {'-'.join(view.path)}")
            return
        if view.relays and view.own != view.opened_xor:
            self._remark("router-corrupt", f"{name} announced something else for {case.key} than its keys give")
        if case in self._cases:
            self._views[case] = view

    def _remark(self, code: str, text: str) -> None:
        """It is over when it is said, but stays until somebody has seen it."""
        name = self._router.device.name
        self._alarms.raise_(code, name, f"{text}; this node is blamed for what its router does", Severity.CRITICAL)
        self._alarms.clear(code, name)
