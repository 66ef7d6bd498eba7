"""The certificate with which a node comes to its key manager: usable, valid now, and in the name of the member."""

from collections.abc import Iterator, Mapping

from cryptography import x509
from cryptography.x509.oid import NameOID

from qkdctl.clock import Clock
from qkdctl.config.model import Config
from qkdctl.config.positions import KeyPath
from qkdctl.config.problems import Problem, dotted
from qkdctl.config.secrets import SecretError
from qkdctl.keys.etsi014_errors import KeyManagerTlsError
from qkdctl.keys.etsi014_tls import client_context, own_expiry
from qkdctl.network.key_manager import key_manager_settings

_CERTIFICATE: KeyPath = ("network", "key_manager", "certificate_file")


def check_credentials(config: Config, environment: Mapping[str, str], clock: Clock) -> Iterator[Problem]:
    """What is wrong with the files of [network.key_manager]; nothing is sent to the key manager.

    Args:
        config: of a node.
        environment: has $CREDENTIALS_DIRECTORY.
        clock: the present, at which the certificate must be valid.
    """
    section = None if config.network is None else config.network.key_manager
    if section is None or config.description is None:
        return
    origin, key = config.origin(_CERTIFICATE), dotted(_CERTIFICATE)
    try:
        settings = key_manager_settings(section, environment)
        client_context(settings)
    except SecretError:
        return  # told by the check of the configuration: there is no credential to look at here
    except KeyManagerTlsError as error:
        yield Problem(origin, key, error.error, expected=error.expected, hint=error.hint)
        return
    if expired := own_expiry(settings, clock):
        yield Problem(origin, key, expired.error, expected=expired.expected, hint=expired.hint)
    names = _common_names(section.certificate_file.read_bytes())
    wanted = config.description.file.members[config.node.name].sae
    if wanted not in names:
        message = f"the certificate {section.certificate_file} is not that of SAE {wanted}"
        hint = f"set sae of [members.{config.node.name}] in network.toml at every node, or take the right certificate"
        found = f"common name {', '.join(names) or 'missing'}"
        yield Problem(origin, key, message, found, f"common name {wanted}", hint, "warning")


def _common_names(pem: bytes) -> list[str]:
    subject = x509.load_pem_x509_certificate(pem).subject
    return [str(attribute.value) for attribute in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
