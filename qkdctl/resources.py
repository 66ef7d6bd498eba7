"""Finds the files that come with the package: units, example configurations, trained policies."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_IN_A_CHECKOUT = {"systemd": "systemd", "config": "config", "zoo": "policies/zoo"}


def resource(name: str) -> Path:
    """The file or folder of that name, such as "systemd/qkdctl.service", "config/..." or "zoo/...".

    An installed package carries them inside itself; in a checkout they lie where people look for them.

    Raises:
        FileNotFoundError: when the installation lacks it, or there is no such name.
    """
    room, _, rest = name.partition("/")
    places = [_PACKAGE / "_files" / name]
    if room in _IN_A_CHECKOUT:
        places.append(_PACKAGE.parent / _IN_A_CHECKOUT[room] / rest)
    for place in places:
        if place.exists():
            return place
    raise FileNotFoundError(
        f"{name} is missing from this installation, looked for {' and '.join(map(str, places))}; install qkdctl again"
    )
