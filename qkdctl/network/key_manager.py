"""From the configured key manager to the settings of its client."""

from collections.abc import Mapping

from qkdctl.config.network_section import KeyManagerSection
from qkdctl.config.secrets import secret_path
from qkdctl.keys.etsi014_settings import Etsi014Settings


def key_manager_settings(section: KeyManagerSection, environment: Mapping[str, str]) -> Etsi014Settings:
    """Settings of the client.

    Raises:
        SecretError: a credential is wanted and the service manager passed none.
    """
    return Etsi014Settings(
        url=section.url,
        certificate=section.certificate_file,
        key=secret_path(section.key_file, environment),
        authority=section.ca_file,
        timeout_s=section.timeout_s,
    )
