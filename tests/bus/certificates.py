"""Certificates and password files for a broker."""

import base64
import datetime as dt
import hashlib
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

VALIDITY = dt.timedelta(days=1)


def make_certificates(folder: Path) -> Path:
    """Write certificates: `ca.pem`, `broker.pem` for 127.0.0.1, `alice.pem`, and `other.pem` that signed nothing.

    Returns:
        The path of `ca.pem`.
    """
    authority_key, authority = _self_signed("test authority")
    _, other = _self_signed("other authority")
    for name, certificate in (("ca", authority), ("other", other)):
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    for name in ("broker", "alice"):
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(name, authority.subject, key).add_extension(address, critical=False)
        certificate = builder.sign(authority_key, hashes.SHA256())
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (folder / f"{name}.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    return folder / "ca.pem"


def user_line(name: str, password: str) -> str:
    """A line of Mosquitto's password file (PBKDF2-SHA512, the format that `mosquitto_passwd` writes)."""
    salt, rounds = b"12-byte-salt", 101
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds)
    encoded = [base64.b64encode(part).decode() for part in (salt, digest)]
    return f"{name}:$7${rounds}${encoded[0]}${encoded[1]}\n"


def _self_signed(name: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = _builder(name, subject, key)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return key, builder.sign(key, hashes.SHA256())


def _builder(name: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - VALIDITY)
        .not_valid_after(now + VALIDITY)
    )
