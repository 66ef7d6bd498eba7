"""The caller of a request, and the role a route asks for."""

from typing import Annotated, TypeAlias

from fastapi import Depends, Request

from qkdctl.api.errors import ForbiddenError
from qkdctl.api.roles import Caller, Role


class Requires:
    """Dependency that admits callers of a role and above.

    Raises:
        ForbiddenError: the caller's role is lower, or the caller has none.
    """

    def __init__(self, role: Role) -> None:
        self._role = role

    async def __call__(self, request: Request) -> Caller:
        """The caller, once admitted."""
        caller = request.state.caller
        assert isinstance(caller, Caller)
        if caller.role is None or caller.role < self._role:
            raise ForbiddenError(
                f"{caller.who} has the role {caller.role or 'none'}; {request.method} {request.url.path} is not for it",
                expected=f"the role {self._role}",
                hint="roles follow user and group in the [api] table of the configuration, or the token over TCP",
            )
        return caller


Reader: TypeAlias = Annotated[Caller, Depends(Requires(Role.READ))]
Operator: TypeAlias = Annotated[Caller, Depends(Requires(Role.OPERATE))]
Administrator: TypeAlias = Annotated[Caller, Depends(Requires(Role.ADMIN))]
