"""The REST interface of one key manager, ETSI GS QKD 014 V1.1.1, as an ASGI application.

The caller is whom its TLS certificate names; the server hands the certificate over in the state of the connection.
"""

import json
import re
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BeforeValidator
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.exceptions import HTTPException

from hil_sim.endpoints.http_wire import Application
from hil_sim.kme.documents import (
    ErrorDocument,
    KeyContainerDocument,
    KeyIdDocument,
    KeyIdsDocument,
    KeyRequestDocument,
    StatusDocument,
)
from hil_sim.kme.errors import KmeError
from hil_sim.kme.identity import IdentityField, sae_id
from hil_sim.kme.manager import KeyManager

VERSION: Final = "1.1.1"
"""Of the standard."""

_KEYS: Final = "/api/v1/keys"
_ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": ErrorDocument, "description": "malformed, beyond the announced limits, or no such key"},
    401: {"model": ErrorDocument, "description": "the caller is not entitled to it"},
    503: {"model": ErrorDocument, "description": "no key, or no peer, to grant it now"},
}


class _SaeIdConvertor(StringConvertor):
    """Whatever stands between the fixed parts of a path: an SAE ID may hold a slash, or a line break."""

    regex = r"[\s\S]*"


register_url_convertor("sae_id", _SaeIdConvertor())


def _whole(text: object) -> object:
    """Digits only: `3.0` and `1_000` are no numbers in a query."""
    if isinstance(text, str) and re.fullmatch(r"-?[0-9]+", text) is None:
        raise ValueError(f"expected a whole number, got {text!r}")
    return text


Whole = Annotated[int, BeforeValidator(_whole)]
Slave = Annotated[str, Path(alias="slave_SAE_ID", description="URL-encoded SAE ID")]
Master = Annotated[str, Path(alias="master_SAE_ID", description="URL-encoded SAE ID")]


def kme_application(manager: KeyManager, identity: IdentityField = "subject-cn") -> Application:
    """The application of one key manager.

    Args:
        manager: who answers.
        identity: where in the client certificate the SAE ID stands.
    """
    app = FastAPI(
        title=f"Key manager {manager.kme_id}",
        version=VERSION,
        summary="ETSI GS QKD 014 V1.1.1: protocol and data format of REST-based key delivery API",
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
        strict_content_type=False,
        generate_unique_id_function=lambda route: route.name,
    )
    _add_methods(app, manager, identity)
    _add_errors(app)
    _drop_validation_status(app)
    return app


def _add_methods(app: FastAPI, manager: KeyManager, identity: IdentityField) -> None:
    def caller_of(request: Request) -> str:
        return sae_id(request.scope.get("state", {}).get("certificate"), identity)

    caller_type = Annotated[str, Depends(caller_of)]
    options: dict[str, Any] = {"responses": _ERRORS}

    @app.get(_KEYS + "/{slave_SAE_ID:sae_id}/status", **options)
    async def get_status(caller: caller_type, slave: Slave) -> StatusDocument:
        """What a master could have now for a slave."""
        return manager.status(caller, slave)

    @app.get(_KEYS + "/{slave_SAE_ID:sae_id}/enc_keys", **options)
    async def get_key(
        caller: caller_type,
        slave: Slave,
        number: Annotated[Whole, Query(description="keys")] = 1,
        size: Annotated[Whole | None, Query(description="bits, a multiple of 8")] = None,
    ) -> KeyContainerDocument:
        """New keys for a master and one slave."""
        return manager.issue(caller, slave, KeyRequestDocument(number=number, size=size))

    @app.post(_KEYS + "/{slave_SAE_ID:sae_id}/enc_keys", **options)
    async def post_key(
        caller: caller_type, slave: Slave, wanted: KeyRequestDocument | None = None
    ) -> KeyContainerDocument:
        """New keys for a master and its slaves; without a body one key of the default size."""
        return manager.issue(caller, slave, wanted or KeyRequestDocument())

    @app.get(_KEYS + "/{master_SAE_ID:sae_id}/dec_keys", **options)
    async def get_key_with_id(
        caller: caller_type, master: Master, key_id: Annotated[str, Query(alias="key_ID", description="UUID")]
    ) -> KeyContainerDocument:
        """The key of a master for one of its slaves, once."""
        return manager.deliver(caller, master, KeyIdsDocument(key_IDs=[KeyIdDocument(key_ID=key_id)]))

    @app.post(_KEYS + "/{master_SAE_ID:sae_id}/dec_keys", **options)
    async def post_key_with_ids(caller: caller_type, master: Master, wanted: KeyIdsDocument) -> KeyContainerDocument:
        """Keys of a master for one of its slaves, each once; all of them or none."""
        return manager.deliver(caller, master, wanted)


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(KmeError)
    async def refused(_: Request, refusal: Exception) -> Response:
        assert isinstance(refusal, KmeError), "registered for this class"
        return _error(refusal.status, str(refusal))

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, problem: Exception) -> Response:
        assert isinstance(problem, RequestValidationError), "registered for this class"
        first = problem.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return _error(HTTPStatus.BAD_REQUEST, f"{where}: {first['msg'].removeprefix('Value error, ')}")

    @app.exception_handler(HTTPException)
    async def failed(request: Request, failure: Exception) -> Response:
        assert isinstance(failure, HTTPException), "registered for this class"
        response = _error(HTTPStatus(failure.status_code), f"{failure.detail}: {request.method} {request.url.path}")
        if failure.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            response.headers["Allow"] = "GET" if request.url.path.endswith(("/status", "json")) else "GET, POST"
        return response


def _error(status: HTTPStatus, message: str) -> Response:
    """An Error document in ASCII, for a message may quote anything that a client sent."""
    return Response(json.dumps({"message": message}), status, media_type="application/json")


def _drop_validation_status(app: FastAPI) -> None:
    """Malformed requests are answered 400, so 422 has no place in the OpenAPI document."""
    document = app.openapi()
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
