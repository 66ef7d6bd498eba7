"""Key managers behind HTTPS on this machine, with the certificates that they and their applications need."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from hil_sim.endpoints.http import HttpEndpoint
from hil_sim.kme.identity import IdentityField
from hil_sim.kme.network import KmeNetwork
from hil_sim.kme.service import KmeService
from hil_sim.kme.tls import server_context
from qkdctl.clock import Clock
from qkdctl.keys.certificates import Authority, CredentialFiles

_HOST = "127.0.0.1"
_AUTHORITY = "ca"


class KmeServers:
    """All key managers of a network, each on a port of its own.

    The folder holds `ca.pem`, and a certificate with its key for every manager in `kme/<name>.pem` and `.key` and for
    every application in `sae/`, names percent-encoded. What is there stays, so that clients survive a restart.

    Attributes:
        services: by the name of the manager; for mishaps.
        endpoints: by the name of the manager; for faults of the line.
    """

    def __init__(
        self,
        network: KmeNetwork,
        folder: Path,
        clock: Clock,
        *,
        ports: Mapping[str, int] | None = None,
        identity: IdentityField = "subject-cn",
    ) -> None:
        """Prepare; nothing is written and nothing listens yet.

        Args:
            network: the managers.
            folder: for the certificates; made when it is not there.
            clock: the present, for certificates and delays.
            ports: by the name of the manager; the others take free ones.
            identity: where client certificates name the SAE.
        """
        self.services = {name: KmeService(manager, identity) for name, manager in network.managers.items()}
        self.endpoints: dict[str, HttpEndpoint] = {}
        self._network = network
        self._folder = folder
        self._clock = clock
        self._ports = ports or {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Write what certificates are missing, and listen.

        Raises:
            OSError: the folder cannot be written, or a port is taken.
            ValueError: what the folder holds is no authority.
        """
        self._write_certificates()
        async with AsyncExitStack() as stack:
            for name, service in self.services.items():
                files = self.kme_files(name)
                tls = server_context(files.certificate, files.key, self.authority)
                endpoint = HttpEndpoint(name, service, self._clock, host=_HOST, port=self._ports.get(name, 0), tls=tls)
                stack.push_async_callback(endpoint.stop)
                await endpoint.start()
                self.endpoints[name] = endpoint
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close every port."""
        await self._stack.aclose()

    @property
    def authority(self) -> Path:
        """Certificate of the authority that signed all others."""
        return CredentialFiles.in_folder(self._folder, _AUTHORITY).certificate

    def kme_files(self, kme_id: str) -> CredentialFiles:
        """Certificate and key of a manager."""
        return CredentialFiles.in_folder(self._folder / "kme", quote(kme_id, safe=""))

    def sae_files(self, sae_id: str) -> CredentialFiles:
        """Certificate and key of an application."""
        return CredentialFiles.in_folder(self._folder / "sae", quote(sae_id, safe=""))

    def _write_certificates(self) -> None:
        files = CredentialFiles.in_folder(self._folder, _AUTHORITY)
        if files.certificate.exists():
            authority = Authority.read(files, self._clock)
        else:
            authority = Authority.create("simulated key managers", self._clock)
            authority.credentials.write(files)
        for kme_id in self._network.managers:
            if not self.kme_files(kme_id).certificate.exists():
                authority.issue_server(kme_id, [_HOST, "localhost"]).write(self.kme_files(kme_id))
        for sae_id in self._network.sae_ids:
            if not self.sae_files(sae_id).certificate.exists():
                authority.issue_client(sae_id).write(self.sae_files(sae_id))
