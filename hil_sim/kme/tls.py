"""The TLS side of a key manager."""

import ssl
from pathlib import Path


def server_context(certificate: Path, key: Path, authority: Path) -> ssl.SSLContext:
    """Mutual TLS, 1.2 or newer: a client without a certificate of the authority is turned away in the handshake.

    Args:
        certificate: of the server, PEM.
        key: its private key, PEM.
        authority: certificate of the authority that signs clients, PEM.

    Raises:
        OSError: a file cannot be read, or does not hold what it should (`ssl.SSLError`).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(authority)
    return context
