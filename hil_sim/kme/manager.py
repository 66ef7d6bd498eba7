"""One key manager: who may have which key, by the rules of ETSI GS QKD 014 V1.1.1.

Where the standard is silent the reading is taken that adds no status code to the three methods and breaks no
well-formed request; docs/guides/key-manager.md lists every such case.
"""

import re
import uuid
from base64 import b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hil_sim.kme.documents import (
    KeyContainerDocument,
    KeyDocument,
    KeyIdsDocument,
    KeyRequestDocument,
    StatusDocument,
)
from hil_sim.kme.errors import (
    EXTENSION_UNKNOWN,
    EXTENSION_UNMET,
    KEY_NOT_FOUND,
    SIZE_NOT_WHOLE_BYTES,
    BadRequestError,
    UnauthorisedError,
    UnavailableError,
)
from hil_sim.kme.issued import IssuedKey
from hil_sim.kme.pool import KeyPool, PoolEmptyError

if TYPE_CHECKING:
    from hil_sim.kme.network import KmeNetwork

ROUTE_EXTENSION = "qkdctl_route_type"
"""Extension: `direct` wants key that one link made, `any` also key that trusted nodes passed on."""

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


class KeyManager:
    """One node's key manager.

    Attributes:
        kme_id: its name.
        reachable: whether its peers can tell it of new keys; while they cannot, they issue none for it.
    """

    def __init__(self, kme_id: str, network: "KmeNetwork") -> None:
        """Prepare; `KmeNetwork.add_manager` makes managers."""
        self.kme_id = kme_id
        self.reachable = True
        self._network = network

    def status(self, caller: str, slave: str) -> StatusDocument:
        """What a master could have now for a slave.

        Raises:
            KmeError: for a caller or slave that there is not.
        """
        self._check_caller(caller)
        target = self._home_of_other(caller, slave, "slave_SAE_ID")
        limits = self._network.limits
        return StatusDocument(
            source_KME_ID=self.kme_id,
            target_KME_ID=target.kme_id,
            master_SAE_ID=caller,
            slave_SAE_ID=slave,
            key_size=limits.key_size,
            stored_key_count=self._stored_bits(target) // limits.key_size,
            max_key_count=limits.max_key_count,
            max_key_per_request=limits.max_key_per_request,
            max_key_size=limits.max_key_size,
            min_key_size=limits.min_key_size,
            max_SAE_ID_count=limits.max_sae_id_count,
        )

    def issue(self, caller: str, slave: str, request: KeyRequestDocument) -> KeyContainerDocument:
        """New keys for a master; all that were asked for, or none.

        Raises:
            KmeError: nothing was issued and nothing used up.
        """
        self._check_caller(caller)
        homes = [self._home_of_other(caller, slave, "slave_SAE_ID")]
        additional = self._additional(caller, slave, request.additional_slave_SAE_IDs or ())
        homes += [self._home_of_other(caller, sae, "additional_slave_SAE_IDs") for sae in additional]
        size_bytes = self._checked_size(request)
        peers = list({home.kme_id: home for home in homes if home is not self}.values())
        pools = [self._pool_with(peer) for peer in peers]
        _check_extensions(request.extension_mandatory or (), pools)
        _check_stock(pools, request.number * size_bytes)
        slaves = frozenset((slave, *additional))
        issued = [self._issue_one(caller, slaves, pools, size_bytes) for _ in range(request.number)]
        return _container(issued)

    def deliver(self, caller: str, master: str, request: KeyIdsDocument) -> KeyContainerDocument:
        """The keys of a master for one of its slaves, each once; all that were asked for, or none.

        Raises:
            KmeError: nothing was delivered.
        """
        self._check_caller(caller)
        self._home_of_other(caller, master, "master_SAE_ID")
        key_ids = [_checked_id(item.key_ID) for item in request.key_IDs]
        most = self._network.limits.max_key_per_request
        if len(key_ids) > most:
            raise BadRequestError(f"at most {most} keys per request, got {len(key_ids)}")
        found = [self._network.issued.find(key_id) for key_id in key_ids]
        keys = [key for key in found if key is not None]
        if any(caller not in key.slaves for key in keys):
            raise UnauthorisedError(f"{caller} is not among the SAEs these keys were issued for")
        deliverable = [key for key in keys if key.master == master and caller in key.waiting]
        if len({key.key_id for key in deliverable}) < len(key_ids):
            raise BadRequestError(KEY_NOT_FOUND)
        for key in deliverable:
            self._network.issued.deliver(key, caller)
        return _container(deliverable)

    def _check_caller(self, caller: str) -> None:
        if self._network.home(caller) is not self:
            raise UnauthorisedError(f"the certificate names {caller!r}, which is no SAE of {self.kme_id}")

    def _home_of_other(self, caller: str, sae_id: str, where: str) -> "KeyManager":
        home = self._network.home(sae_id)
        if home is None:
            raise BadRequestError(f"{where} {sae_id!r} is no SAE of this network")
        if sae_id == caller:
            raise BadRequestError(f"{where} {sae_id!r} is the caller itself")
        return home

    def _additional(self, caller: str, slave: str, sae_ids: Sequence[str]) -> Sequence[str]:
        most = self._network.limits.max_sae_id_count
        if len(sae_ids) > most:
            raise BadRequestError(f"at most {most} additional_slave_SAE_IDs, got {len(sae_ids)}")
        if len({caller, slave, *sae_ids}) < 2 + len(sae_ids):
            raise BadRequestError("additional_slave_SAE_IDs must differ from each other, the slave and the caller")
        return sae_ids

    def _checked_size(self, request: KeyRequestDocument) -> int:
        """Size of each key in bytes."""
        limits = self._network.limits
        size = limits.key_size if request.size is None else request.size
        if size % 8:
            raise BadRequestError(SIZE_NOT_WHOLE_BYTES)
        if not limits.min_key_size <= size <= limits.max_key_size:
            raise BadRequestError(f"size must be {limits.min_key_size} to {limits.max_key_size} bits, got {size}")
        if not 1 <= request.number <= limits.max_key_per_request:
            raise BadRequestError(f"number must be 1 to {limits.max_key_per_request}, got {request.number}")
        return size // 8

    def _stored_bits(self, target: "KeyManager") -> int:
        if target is self:
            return self._network.limits.capacity_bits()
        pool = self._network.pool(self.kme_id, target.kme_id)
        return pool.available_bits() if pool is not None else 0

    def _pool_with(self, peer: "KeyManager") -> KeyPool:
        pool = self._network.pool(self.kme_id, peer.kme_id)
        if pool is None:
            raise UnavailableError(f"neither a link nor a relay joins {self.kme_id} and {peer.kme_id}")
        if not peer.reachable:
            raise UnavailableError(f"{peer.kme_id} does not answer, so that no key can be shared with it")
        return pool

    def _issue_one(self, caller: str, slaves: frozenset[str], pools: Sequence[KeyPool], size_bytes: int) -> IssuedKey:
        """Of several nodes the first shares the key already; to the others it goes under a one-time pad."""
        materials = [pool.take(size_bytes) for pool in pools]
        material = materials[0] if materials else self._network.inside_key(size_bytes)
        return self._network.issued.add(self._network.new_id(), material, caller, slaves)


def _check_extensions(mandatory: Sequence[dict[str, Any]], pools: Sequence[KeyPool]) -> None:
    for name, value in (pair for extension in mandatory for pair in extension.items()):
        if name != ROUTE_EXTENSION:
            raise BadRequestError(EXTENSION_UNKNOWN)
        direct = all(pool.route == "direct" for pool in pools)
        if value != "any" and not (value == "direct" and direct):
            raise BadRequestError(EXTENSION_UNMET)


def _check_stock(pools: Sequence[KeyPool], size_bytes: int) -> None:
    try:
        for pool in pools:
            pool.check(size_bytes)
    except PoolEmptyError as error:
        raise UnavailableError(str(error)) from None


def _checked_id(text: str) -> uuid.UUID:
    if _UUID.fullmatch(text) is None:
        raise BadRequestError(f"key_ID must be a UUID such as 550e8400-e29b-41d4-a716-446655440000, got {text!r}")
    return uuid.UUID(text)


def _container(keys: Sequence[IssuedKey]) -> KeyContainerDocument:
    return KeyContainerDocument(
        keys=[KeyDocument(key_ID=str(key.key_id), key=b64encode(key.material).decode()) for key in keys]
    )
