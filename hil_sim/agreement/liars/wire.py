"""Whatever a liar makes up must pass the reading of packets before an honest replica sees it."""

import warnings
from typing import cast

from qkdctl.abft.messages import Message
from qkdctl.abft.packet import Packet, PacketError


def passes(message: Message) -> Message | None:
    """A message as its receiver reads it; None when it is refused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = Packet("network", "sender", "receiver", (message,)).encode()
        return cast("Message", Packet.decode(data).messages[0])
    except (PacketError, ValueError):
        return None
