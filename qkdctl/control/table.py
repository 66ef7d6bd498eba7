"""The integer facts about the links, from the configuration and the calibration records."""

from collections.abc import Mapping

from qkdctl.actuation.calibration import OpticalPath
from qkdctl.actuation.set_points import Operation
from qkdctl.config.link_facts import link_facts
from qkdctl.config.link_section import LinkSection
from qkdctl.config.model import Config
from qkdctl.control.link import LinkController
from qkdctl.control.link_settings import LinkSettings
from qkdctl.records.facts import LinkFacts, LinkTable


def optical_path(section: LinkSection) -> OpticalPath:
    """The fixed part of the optics of a link."""
    return OpticalPath(
        wavelength_nm=section.wavelength_nm,
        pulse_rate_hz=section.pulse_rate_hz,
        tap_ratio=section.tap_ratio if section.tap_ratio is not None else 1.0,
        tap_ratio_uncertainty_db=section.tap_ratio_uncertainty_db,
        fixed_loss_db=section.fixed_loss_db,
        fixed_loss_uncertainty_db=section.fixed_loss_uncertainty_db,
    )


def link_settings(section: LinkSection) -> LinkSettings:
    """What the controller of a link needs of its section."""
    return LinkSettings(
        path=optical_path(section),
        operating_current_a=section.operating_current_a or 0.0,
        cap_e6=section.maximum_mean_photon_number_e6,
        initial=Operation(section.initial_mean_photon_number_e6, section.protocols[0], section.switch_connections),
        alignment_pulses=section.alignment_pulses,
        aligned_qber_ppm=section.expected_qber_ppm,
        realign_limit_s=section.realign_limit_s,
    )


def link_table(config: Config, links: Mapping[str, LinkController]) -> LinkTable:
    """The table all decisions of an epoch are made by; it changes only with configuration and calibration.

    Links between two nodes have a row that follows from the configuration alone, so that all nodes have the same.
    """
    facts = [_facts(config, name, section, links.get(name)) for name, section in sorted(config.links.items())]
    return LinkTable(epoch_ms=round(1000 * config.node.epoch_s), links=tuple(facts))


def _facts(config: Config, name: str, section: LinkSection, controller: LinkController | None) -> LinkFacts:
    facts = link_facts(name, section, config.shield.minimum_dwell_epochs)
    step_db, uncertainty_ppm = _precision(section, controller)
    own = {"attenuator_step_mdb": round(1000 * step_db), "calibration_uncertainty_ppm": uncertainty_ppm}
    return facts.model_copy(update=own)


def _precision(section: LinkSection, controller: LinkController | None) -> tuple[float, int]:
    """Step of the attenuator in dB and uncertainty of the calibration in ppm.

    Of the instruments themselves where one node has both ends, for then nobody else decides about them.
    """
    if controller is None or controller.roles.alice is None or controller.roles.bob is None:
        return section.attenuator_step_db, section.calibration_uncertainty_ppm
    calibration = controller.operations.calibration
    return (
        controller.roles.alice.attenuator.device.attribute("attenuation_db").resolution,
        section.calibration_uncertainty_ppm if calibration is None else calibration.uncertainty_ppm,
    )
