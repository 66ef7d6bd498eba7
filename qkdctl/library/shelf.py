"""Where policy files and their cards lie: `policies/SHA256.onnx` and `policies/SHA256.json` in the state directory."""

from pathlib import Path

from pydantic import ValidationError

from qkdctl.files import clear_partial, read_bounded, remove_durably, sync_folder, write_durably
from qkdctl.library.card import Card
from qkdctl.policy.format import MAX_BYTES


class Shelf:
    """Files on disk; every method blocks.

    Args:
        folder: made when the shelf is opened.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self) -> tuple[list[Card], list[str]]:
        """All cards, and complaints about those that cannot be read.

        Raises:
            OSError: the folder cannot be made or listed.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_folder(self._folder.parent)
        clear_partial(self._folder)
        cards, complaints = [], []
        for path in sorted(self._folder.glob("*.json")):
            try:
                card = Card.from_json(path.read_bytes())
            except (OSError, ValidationError) as error:
                complaints.append(f"{path}: not understood ({error.__class__.__name__}); its policy is not used")
                continue
            if path.stem == card.manifest.sha256:
                cards.append(card)
            else:
                complaints.append(f"{path}: is the card of {card.manifest.sha256}")
        return cards, complaints

    def put_card(self, card: Card) -> None:
        """Write a card; OSError when that fails."""
        write_durably(self._folder / f"{card.manifest.sha256}.json", card.canonical())

    def put_file(self, sha256: str, data: bytes) -> None:
        """Write a policy file; OSError when that fails."""
        write_durably(self._folder / f"{sha256}.onnx", data)

    def file(self, sha256: str) -> bytes:
        """Read a policy file, once; OSError when that fails."""
        return read_bounded(self._folder / f"{sha256}.onnx", MAX_BYTES)

    def drop_file(self, sha256: str) -> None:
        """Remove a policy file and keep its card; OSError when that fails."""
        remove_durably(self._folder / f"{sha256}.onnx")

    def forget(self, sha256: str) -> None:
        """Remove a policy file and its card; OSError when that fails."""
        self.drop_file(sha256)
        remove_durably(self._folder / f"{sha256}.json")
