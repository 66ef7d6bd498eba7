"""Exit codes of every verb; service managers and scripts act on them. Numbers from 64 on are those of sysexits.h."""

from typing import Final

OK: Final = 0
"""Done, or stopped as asked with every source in its safe state."""

FAILURE: Final = 1
"""The verb ran and its answer is no: a ledger that does not verify, a link that is not safe."""

USAGE: Final = 2
"""The command line itself is wrong: an unknown verb or option, a missing argument."""

DATA: Final = 65
"""What was to be read is damaged: a ledger or an export that is cut off or garbled, so that there is no answer."""

UNAVAILABLE: Final = 69
"""What the verb talks to does not answer: no daemon on the socket, no instrument at its address."""

SOFTWARE: Final = 70
"""A defect of qkdctl: an exception that nothing expected. The service manager restarts the daemon."""

TEMPORARY: Final = 75
"""It may work later: a daemon that is still starting, a device that another program holds. Try again."""

PERMISSION: Final = 77
"""The caller's role does not allow it, or a file or device node may not be opened."""

CONFIG: Final = 78
"""The configuration is wrong, or a second process speaks for this node. Starting again does not help; the unit does not
restart on this code."""

FORK: Final = 79
"""Nodes contradict each other so that more of them than f must lie, or this node's state is not what the others decided
on. The sources are dark; starting again does not help, and the unit does not restart on this code."""
