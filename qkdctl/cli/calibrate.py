"""qkdctl calibrate."""

from qkdctl.cli.links import LinkArgument, act
from qkdctl.cli.options import JsonOption, SocketOption


def calibrate(link: LinkArgument, socket: SocketOption = None, as_json: JsonOption = False) -> None:
    """Measure the calibration record of a link: what reaches the fibre per pulse at a given attenuation.

    Takes seconds: the attenuator is shut, the laser goes to its operating current, the tap power meter is read. No
    light leaves, and the link makes no key meanwhile.

    For example:

      qkdctl calibrate alice-bob
    """
    act(link, "calibrate", socket, as_json=as_json)
