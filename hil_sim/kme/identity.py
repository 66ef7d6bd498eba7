"""Who calls: the SAE ID in a client certificate."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal
from urllib.parse import unquote

IdentityField = Literal["subject-cn", "san-uri"]
"""Common name of the subject, or URI among the alternative names; the standard leaves open where the SAE ID stands."""


def sae_id(certificate: Mapping[str, Any] | None, field: IdentityField) -> str:
    """The SAE ID in a verified certificate, as `ssl.SSLSocket.getpeercert` gives it; "" when it has not exactly one."""
    names = list(_names(certificate or {}, field))
    return names[0] if len(names) == 1 else ""


def _names(certificate: Mapping[str, Any], field: IdentityField) -> Iterable[str]:
    if field == "subject-cn":
        return (value for part in certificate.get("subject", ()) for name, value in part if name == "commonName")
    return (unquote(value) for name, value in certificate.get("subjectAltName", ()) if name == "URI")
