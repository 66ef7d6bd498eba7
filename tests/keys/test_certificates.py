"""The private authority."""

import datetime as dt
import ipaddress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from qkdctl.clock import VirtualClock
from qkdctl.keys.certificates import VALIDITY, Authority, CredentialFiles

CLOCK = VirtualClock(wall_start_ms=1_700_000_000_000)
NOW = dt.datetime(2023, 11, 14, 22, 13, 20, tzinfo=dt.UTC)


def files(folder: Path, name: str) -> CredentialFiles:
    return CredentialFiles.in_folder(folder, name)


def test_certificates_are_valid_from_now_and_forgive_a_clock_that_is_late() -> None:
    certificate = Authority.create("ca", CLOCK).issue_client("a1").certificate
    assert certificate.not_valid_before_utc == NOW - dt.timedelta(minutes=5)
    assert certificate.not_valid_after_utc == NOW + VALIDITY


def test_an_authority_signs_alike_after_it_was_written_and_read(tmp_path: Path) -> None:
    first = Authority.create("ca", CLOCK)
    again = Authority.read(first.credentials.write(files(tmp_path, "ca")), CLOCK)
    again.issue_client("a1").certificate.verify_directly_issued_by(first.credentials.certificate)


@pytest.mark.parametrize(("name", "host"), [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("kme.example", "kme.example")])
def test_a_server_is_known_by_every_host_it_was_given(name: str, host: str) -> None:
    certificate = Authority.create("ca", CLOCK).issue_server("kme", ["other.example", name]).certificate
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert host in [str(entry.value) for entry in names]


def test_a_server_without_a_host_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a host name"):
        Authority.create("ca", CLOCK).issue_server("kme", [])


def test_nothing_is_overwritten_and_keys_are_private(tmp_path: Path) -> None:
    credentials = Authority.create("ca", CLOCK).credentials
    written = credentials.write(files(tmp_path / "new", "ca"))
    assert (written.key.stat().st_mode & 0o777, written.certificate.stat().st_mode & 0o777) == (0o600, 0o644)
    with pytest.raises(FileExistsError):
        credentials.write(written)


def test_a_key_that_is_not_the_authoritys_kind_is_refused(tmp_path: Path) -> None:
    written = Authority.create("ca", CLOCK).credentials.write(files(tmp_path, "ca"))
    written.key.write_bytes(b"no key")
    with pytest.raises(ValueError):
        Authority.read(written, CLOCK)


def test_strict_validators_accept_each_certificate_for_its_own_purpose_only() -> None:
    authority = Authority.create("ca", CLOCK)
    client, server = authority.issue_client("a 1"), authority.issue_server("kme", ["127.0.0.1"])
    policy = PolicyBuilder().store(Store([authority.credentials.certificate])).time(NOW)
    of_client = policy.build_client_verifier()
    of_server = policy.build_server_verifier(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    (name,) = of_client.verify(client.certificate, []).subjects
    assert name.value == "a%201"
    of_server.verify(server.certificate, [])
    for verifier, wrong in ((of_client, server), (of_server, client)):
        with pytest.raises(VerificationError):
            verifier.verify(wrong.certificate, [])
