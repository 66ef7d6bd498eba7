"""Policy files: list, stage, shadow, activate, roll back."""

from fastapi import APIRouter

from qkdctl.api.callers import Administrator, Reader
from qkdctl.api.facade import Json, NodeFacade
from qkdctl.api.models import ActionResult
from qkdctl.api.policy_models import Policies, PolicyContent, StagedPolicy, StagePolicy, TryPolicy


def policies_router(facade: NodeFacade) -> APIRouter:
    """Routes of policies."""
    router = APIRouter(prefix="/v1/policies", tags=["policies"])

    @router.get("", response_model=Policies)
    async def policies(_: Reader) -> Json:
        """What decides, and which policies are at this node, each with its life."""
        return facade.policies()

    @router.post("", response_model=StagedPolicy)
    async def stage_policy(request: StagePolicy, caller: Administrator) -> Json:
        """Take a file in and vet it; nothing else changes."""
        return await facade.stage_policy(request.data, request.manifest, request.name, caller.who)

    @router.post("/rollback", response_model=ActionResult)
    async def rollback_policy(caller: Administrator) -> Json:
        """Want the act that activates the policy that was in force before."""
        return await facade.rollback_policy(caller.who)

    @router.get("/{policy}", response_model=PolicyContent)
    async def policy_content(policy: str, _: Reader) -> Json:
        """A file as base64."""
        return await facade.policy_content(policy)

    @router.post("/{policy}/shadow", response_model=StagedPolicy)
    async def shadow_policy(policy: str, caller: Administrator) -> Json:
        """Have a policy propose in every epoch, without effect."""
        return await facade.shadow_policy(policy, caller.who, watch=True)

    @router.delete("/{policy}/shadow", response_model=StagedPolicy)
    async def unshadow_policy(policy: str, caller: Administrator) -> Json:
        """End that."""
        return await facade.shadow_policy(policy, caller.who, watch=False)

    @router.post("/{policy}/canary", response_model=StagedPolicy)
    async def canary_policy(policy: str, request: TryPolicy, caller: Administrator) -> Json:
        """Put a combination at hand: the policy on some links, another one on all others."""
        return await facade.canary_policy(policy, request.links, request.until, request.base, caller.who)

    @router.post("/{policy}/activate", response_model=ActionResult)
    async def activate_policy(policy: str, caller: Administrator) -> Json:
        """Want the act that activates a policy, and approve it."""
        return await facade.activate_policy(policy, caller.who)

    return router
