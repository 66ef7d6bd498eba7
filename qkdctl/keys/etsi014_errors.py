"""What can go wrong between a node and its key manager, by cause."""

from qkdctl.keys.base import KeySourceError


class KeyManagerError(KeySourceError):
    """A key manager did not give what was asked for.

    Attributes:
        error: what failed, and where.
        expected: what would have been right; "" when nothing can be named.
        hint: what to do.
    """

    def __init__(self, error: str, *, expected: str = "", hint: str = "") -> None:
        super().__init__("; ".join(part for part in (error, expected and f"expected {expected}", hint) if part))
        self.error = error
        self.expected = expected
        self.hint = hint


class TemporaryKeyManagerError(KeyManagerError):
    """It may work later without anybody's doing; try again."""


class KeyManagerUnreachableError(TemporaryKeyManagerError):
    """No connection, or it broke before the reply was complete. Keys of a broken dec_keys may be lost."""


class KeyManagerSlowError(TemporaryKeyManagerError):
    """No complete reply before the deadline. Keys of a slow dec_keys may be lost."""


class KeyUnavailableError(TemporaryKeyManagerError):
    """503: the key manager has no key left, or cannot reach its peer."""


class KeyManagerTlsError(KeyManagerError):
    """One side does not accept the other's certificate."""


class ServerCertificateError(KeyManagerTlsError):
    """The key manager's certificate is of another authority, expired, or for another host."""


class ClientCertificateError(KeyManagerTlsError):
    """The key manager refuses the node's own certificate, or the node's own files are no good."""


class KeyManagerReplyError(KeyManagerError):
    """The reply is not what ETSI GS QKD 014 allows: garbage, too large, or not what was asked for."""


class KeyRequestError(KeyManagerError):
    """400: the key manager refuses the request; asking again does not help."""


class KeyNotFoundError(KeyRequestError):
    """400 or 404: a key ID is unknown there, has expired, or was delivered before."""


class KeyUnauthorisedError(KeyManagerError):
    """401: the SAE in the certificate is not known there, or is not entitled to these keys."""
