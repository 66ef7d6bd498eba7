"""With what links go on after a restart: calibration, orders of operators, the settings of the last decisions."""

import json
from collections.abc import Mapping

import structlog

from qkdctl.actuation.calibration import CalibrationRecord
from qkdctl.actuation.set_points import Operation
from qkdctl.agreement.ledger_entries import NotADecisionError, place_of
from qkdctl.config.link_section import LinkSection
from qkdctl.control.link import LinkController
from qkdctl.control.link_settings import Manual
from qkdctl.records.decision import Decision
from qkdctl.store.store import Store

log = structlog.get_logger(__name__)
_DECISIONS_SEARCHED = 200
_ORDERED = {"running": Manual.AUTO, "hold": Manual.HOLD, "manual-safe": Manual.SAFE}


async def restore_orders(links: Mapping[str, LinkController], store: Store) -> None:
    """Give links their latest calibration, and the mode that an operator ordered."""
    orders = await store.link_modes.all()
    for name, link in links.items():
        stored = await store.calibrations.latest(name)
        if stored is not None:
            _take_calibration(link, stored.document)
        if name in orders:
            link.orders.manual = _ORDERED[orders[name].mode]


async def restore_settings(
    links: Mapping[str, LinkController], sections: Mapping[str, LinkSection], store: Store
) -> None:
    """Let links go on with the settings of the last decisions.

    A link that was dark in the last decision goes on with what it ran before.

    Args:
        links: that nothing has been commanded yet.
        sections: of the configuration, by link; what they forbid is not taken up again.
        store: with the decisions.
    """
    left = dict(links)
    for entry in reversed(await store.decisions.tail(_DECISIONS_SEARCHED)):
        try:
            _, value = place_of(entry.payload)
            decision = Decision.model_validate(dict(value.outcome.payload), strict=False)
        except (NotADecisionError, ValueError) as error:
            log.warning("an earlier decision is not understood", entry=entry.sequence, error=str(error))
            return
        _continue_after(decision, left, sections)
        if not left:
            return


def _take_calibration(link: LinkController, document: Mapping[str, object]) -> None:
    """A record of another version says nothing that can be relied on."""
    try:
        link.operations.calibration = CalibrationRecord.model_validate_json(json.dumps(dict(document)))
    except ValueError as error:
        log.warning("calibration record not understood; calibrate anew", link=link.name, error=str(error))


def _continue_after(decision: Decision, left: dict[str, LinkController], sections: Mapping[str, LinkSection]) -> None:
    """Take links for which a decision has settings out of those that are left."""
    for plan in decision.plan.links:
        link = left.get(plan.link)
        if link is None:
            continue
        allowed = plan.protocol in sections[plan.link].protocols
        if allowed and 0 < plan.mean_photon_number_e6 <= link.settings.cap_e6:
            connections = link.settings.initial.switch_connections
            link.operations.operation = Operation(plan.mean_photon_number_e6, plan.protocol, connections)
            del left[plan.link]
