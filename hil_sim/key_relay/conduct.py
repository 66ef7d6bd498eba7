"""How a simulated key router behaves."""

from typing import Annotated, Literal

from pydantic import Field

from hil_sim.world.parameters import Parameters

_Ppm = Annotated[int, Field(ge=0, le=1_000_000)]

AuditConduct = Literal["honest", "silent", "false-key", "false-announcement", "slander"]
"""What a router says of a key that failed: the truth; nothing; a key that fits what it announced; an announcement that
fits its keys; or that others announced something else than they did."""


class RouterConduct(Parameters):
    """By default a router is honest.

    Attributes:
        corrupt_ppm: share of the keys that it relays for which it announces something wrong.
        deceives: whom it tells the wrong announcement; others hear the right one.
        drop_ppm: share for which it announces nothing.
        deny_ppm: share of the keys that end at it of which it says that the hashes are unequal.
        reads: keeps the keys it relays; nobody can notice.
        refuses_routes: takes no table of routes.
        audit: what it says afterwards.
    """

    corrupt_ppm: _Ppm = 0
    deceives: Literal["everyone", "destination"] = "everyone"
    drop_ppm: _Ppm = 0
    deny_ppm: _Ppm = 0
    reads: bool = False
    refuses_routes: bool = False
    audit: AuditConduct = "honest"
