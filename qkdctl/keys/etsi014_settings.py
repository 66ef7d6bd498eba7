"""Where a key manager is, and how to prove to it who asks."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Etsi014Settings:
    """One key manager.

    Attributes:
        url: `https://host:port`; what stands behind `/api/v1/keys` in the standard's paths comes after it.
        certificate: of the node as a client (PEM); it names the SAE.
        key: its private key (PEM).
        authority: certificate of the authority that signed the key manager's (PEM).
        timeout_s: from the first byte sent to the last received, connecting included.
        max_reply_bytes: longest reply that is read.
    """

    url: str
    certificate: Path
    key: Path
    authority: Path
    timeout_s: float = 10.0
    max_reply_bytes: int = 4 * 2**20

    def __post_init__(self) -> None:
        if not _is_https(self.url):
            raise ValueError(f"key manager {self.url!r}: expected https://host:port; keys never travel over plain HTTP")
        if self.timeout_s <= 0 or self.max_reply_bytes <= 0:
            raise ValueError(
                f"key manager {self.url}: timeout_s and max_reply_bytes must be positive, got {self.timeout_s} and "
                f"{self.max_reply_bytes}"
            )


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
