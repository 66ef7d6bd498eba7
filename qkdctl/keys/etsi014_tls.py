"""The client side of mutual TLS with a key manager, and why a handshake failed."""

import datetime as dt
import ssl
from collections.abc import Iterator

from cryptography import x509

from qkdctl.clock import Clock
from qkdctl.keys.etsi014_errors import ClientCertificateError, KeyManagerTlsError, ServerCertificateError
from qkdctl.keys.etsi014_settings import Etsi014Settings


def client_context(settings: Etsi014Settings) -> ssl.SSLContext:
    """TLS 1.2 or newer that trusts this authority alone and presents the node's certificate.

    Raises:
        ClientCertificateError: the node's certificate or key cannot be used.
        ServerCertificateError: the authority's certificate cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(settings.authority)
    except OSError as error:
        raise ServerCertificateError(
            f"{settings.url}: cannot read the authority {settings.authority}: {error.strerror or error}",
            expected="the PEM certificate that signed the key manager's",
            hint="get it from whoever runs the key manager",
        ) from error
    try:
        context.load_cert_chain(settings.certificate, settings.key)
    except OSError as error:
        raise ClientCertificateError(
            f"{settings.url}: cannot use {settings.certificate} with {settings.key}: {error.strerror or error}",
            expected="a PEM certificate and its unencrypted private key, readable by this user",
            hint="check both paths, and that the two belong together",
        ) from error
    return context


def tls_failure(url: str, error: BaseException) -> KeyManagerTlsError | None:
    """What a failed exchange says about certificates; None when TLS was not the cause."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return ServerCertificateError(
                f"{url}: the key manager's certificate is refused: {cause.verify_message}",
                expected="a certificate of the configured authority, valid now, for this host",
                hint="check host and authority of this key manager, and the clocks of both machines",
            )
        if isinstance(cause, ssl.SSLError) and "ALERT" in (cause.reason or ""):
            alert = cause.reason.rpartition("ALERT_")[2].replace("_", " ").lower()
            return ClientCertificateError(
                f"{url}: the key manager refuses this node's certificate: {alert}",
                expected="a certificate of an authority that the key manager trusts, valid now",
                hint="have the certificate signed by the key manager's authority, or renewed",
            )
        if isinstance(cause, ssl.SSLError):
            return KeyManagerTlsError(
                f"{url}: TLS failed: {cause.reason or cause}",
                expected="TLS 1.2 or newer",
                hint="check that this is the HTTPS port of the key manager",
            )
    return None


def own_expiry(settings: Etsi014Settings, clock: Clock) -> ClientCertificateError | None:
    """That the node's own certificate has expired; None when it has not.

    A key manager may hang up on an expired certificate without a word, so this is looked up once a connection broke.
    """
    try:
        certificate = x509.load_pem_x509_certificate(settings.certificate.read_bytes())
    except (OSError, ValueError):
        return None  # it could be used a moment ago, so something else is the matter
    end = certificate.not_valid_after_utc
    if dt.datetime.fromtimestamp(clock.wall_ms() / 1000, dt.UTC) <= end:
        return None
    return ClientCertificateError(
        f"{settings.url}: this node's certificate {settings.certificate} expired on {end:%Y-%m-%d}",
        expected="a certificate that is valid now",
        hint="have it renewed by the key manager's authority",
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
