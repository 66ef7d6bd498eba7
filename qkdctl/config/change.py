"""What a new configuration changes, for a reload that touches nothing else."""

from qkdctl.config.effective import flatten
from qkdctl.config.model import Config
from qkdctl.config.problems import dotted

_NAMED = ("devices", "links")


def changed_keys(old: Config, new: Config) -> tuple[str, ...]:
    """Dotted keys whose values differ, sorted; where a value is written does not matter.

    A device or link that comes or goes is one of them, by its name; `network.file` is one when it says anything else.
    """
    before, after = dict(flatten(old)), dict(flatten(new))
    keys = set() if _agreed(old) == _agreed(new) else {"network.file"}
    for path in before.keys() | after.keys():
        if path in before and path in after and before[path] == after[path]:
            continue
        is_whole = path[0] in _NAMED and (path[1] in getattr(old, path[0])) != (path[1] in getattr(new, path[0]))
        keys.add(dotted(path[:2] if is_whole else path))
    return tuple(sorted(keys))


def _agreed(config: Config) -> str:
    """What stands for all that the nodes of the network have agreed on; "" for a node alone."""
    return "" if config.description is None else config.description.digest
