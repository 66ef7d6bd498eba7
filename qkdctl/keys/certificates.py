"""A small private certificate authority: certificates for key managers and their clients, for mutual TLS.

Keys lie on the curve P-256. Certificates carry the extensions that RFC 5280 demands of each kind, so that strict
validators accept them: a server certificate serves no client, a client certificate no server.
"""

import datetime as dt
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from qkdctl.clock import Clock

VALIDITY = dt.timedelta(days=825)
"""The longest life that common TLS clients grant a server certificate of a private authority."""

_AUTHORITY_VALIDITY = dt.timedelta(days=3650)
_CLOCK_SKEW = dt.timedelta(minutes=5)
_KEY_MODE = 0o600
_CERTIFICATE_MODE = 0o644


@dataclass(frozen=True, slots=True)
class Credentials:
    """A certificate with its private key.

    Attributes:
        certificate: the certificate.
        key: its private key.
    """

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def write(self, files: "CredentialFiles") -> "CredentialFiles":
        """Write both, the key readable by nobody else, and return where they are.

        Raises:
            FileExistsError: one of them is there already; nothing is overwritten.
            OSError: the folder cannot be made or written.
        """
        files.certificate.parent.mkdir(parents=True, exist_ok=True)
        key = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        _write_new(files.key, key, _KEY_MODE)
        _write_new(files.certificate, self.certificate.public_bytes(serialization.Encoding.PEM), _CERTIFICATE_MODE)
        return files


@dataclass(frozen=True, slots=True)
class CredentialFiles:
    """Where a certificate and its private key lie, both PEM."""

    certificate: Path
    key: Path

    @classmethod
    def in_folder(cls, folder: Path, name: str) -> Self:
        """`<name>.pem` and `<name>.key` in a folder, whether they exist or not."""
        return cls(folder / f"{name}.pem", folder / f"{name}.key")


class Authority:
    """Signs certificates.

    Attributes:
        credentials: its own certificate and key.
    """

    def __init__(self, credentials: Credentials, clock: Clock) -> None:
        """Sign with these credentials, from the present of `clock` on."""
        self.credentials = credentials
        self._clock = clock

    @classmethod
    def create(cls, name: str, clock: Clock) -> Self:
        """A new authority, valid for ten years.

        Args:
            name: its common name, 1 to 64 characters.
            clock: the present, from which certificates are valid.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _subject(name)
        builder = (
            _builder(subject, subject, key, clock, _AUTHORITY_VALIDITY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
        )
        return cls(Credentials(builder.sign(key, hashes.SHA256()), key), clock)

    @classmethod
    def read(cls, files: CredentialFiles, clock: Clock) -> Self:
        """An authority that was written before.

        Raises:
            OSError: a file cannot be read.
            ValueError: a file is not PEM, or the key is not on an elliptic curve.
        """
        certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        key = serialization.load_pem_private_key(files.key.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError(  # noqa: TRY004 -- the content of a file is wrong, not a type
                f"{files.key}: expected an elliptic-curve key; make a new authority in an empty folder"
            )
        return cls(Credentials(certificate, key), clock)

    def issue_server(self, common_name: str, hosts: Sequence[str], *, validity: dt.timedelta = VALIDITY) -> Credentials:
        """Credentials for a TLS server.

        Args:
            common_name: of the subject, 1 to 64 characters.
            hosts: names and addresses under which clients reach it; at least one.
            validity: how long, from now.

        Raises:
            ValueError: no host.
        """
        if not hosts:
            raise ValueError(f"server {common_name!r}: expected a host name or address; clients verify it")
        names = x509.SubjectAlternativeName([_alternative_name(host) for host in hosts])
        return self._issue(common_name, ExtendedKeyUsageOID.SERVER_AUTH, validity, names)

    def issue_client(self, common_name: str, *, validity: dt.timedelta = VALIDITY) -> Credentials:
        """Credentials for a TLS client that servers know by its common name (1 to 64 characters), valid from now.

        The common name stands among the alternative names too, as a URI, for servers that look for it there.
        """
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(quote(common_name))])
        return self._issue(common_name, ExtendedKeyUsageOID.CLIENT_AUTH, validity, names)

    def _issue(
        self,
        common_name: str,
        purpose: x509.ObjectIdentifier,
        validity: dt.timedelta,
        names: x509.SubjectAlternativeName,
    ) -> Credentials:
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = self.credentials
        signer = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        builder = (
            _builder(_subject(common_name), issuer.certificate.subject, key, self._clock, validity)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(signer), critical=False)
            .add_extension(names, critical=False)
        )
        return Credentials(builder.sign(issuer.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, clock: Clock, validity: dt.timedelta
) -> x509.CertificateBuilder:
    now = dt.datetime.fromtimestamp(clock.wall_ms() / 1000, dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + validity)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _subject(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write_new(path: Path, content: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
