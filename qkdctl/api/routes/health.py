"""For machines that watch: liveness, readiness, metrics."""

from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from qkdctl.api.callers import Reader
from qkdctl.api.facade import NodeFacade
from qkdctl.api.metrics import Metrics
from qkdctl.api.models import Liveness, Readiness


def health_router(facade: NodeFacade, metrics: Metrics) -> APIRouter:
    """Routes for monitoring."""
    router = APIRouter(tags=["health"])
    unavailable = HTTPStatus.SERVICE_UNAVAILABLE

    @router.get("/health/live", response_model=Liveness, responses={unavailable.value: {"model": Liveness}})
    async def live(_: Reader) -> JSONResponse:
        """200 while the daemon does its work, 503 with the reasons when not: the same judgement as the watchdog's."""
        complaints = facade.complaints()
        document = Liveness(alive=not complaints, complaints=complaints)
        return JSONResponse(document.model_dump(), unavailable if complaints else HTTPStatus.OK)

    @router.get("/health/ready", response_model=Readiness, responses={unavailable.value: {"model": Readiness}})
    async def ready(_: Reader) -> JSONResponse:
        """200 once the daemon has started all it needs, 503 before."""
        document = Readiness(ready=facade.ready())
        return JSONResponse(document.model_dump(), HTTPStatus.OK if document.ready else unavailable)

    @router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def exposition(_: Reader) -> Response:
        """Prometheus metrics."""
        return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)

    return router
