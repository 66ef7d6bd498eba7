"""Which policy decides in the demo."""

import json
from dataclasses import dataclass
from pathlib import Path

from qkdctl.policy.failure import PolicyRejected
from qkdctl.policy.vetting import vet
from qkdctl.resources import resource


@dataclass(frozen=True, slots=True)
class PolicyChoice:
    """What decides: a policy file, or a baseline by name.

    Attributes:
        kind: onnx, rule-based or hold.
        identity: as nodes call it: the name of a baseline, or the SHA-256 of the file.
        file: of an onnx policy.
        name, origin: what the file says of itself, such as `trained`; empty for baselines.
    """

    kind: str
    identity: str
    file: Path | None = None
    name: str = ""
    origin: str = ""

    @classmethod
    def parse(cls, text: str) -> "PolicyChoice":
        """Read `hold`, `rule-based`, or the path of an .onnx file.

        Raises:
            ValueError: neither a baseline nor a file that a node would take.
        """
        if text in ("hold", "rule-based"):
            return cls(text, text)
        path = Path(text).expanduser().resolve()
        if not path.is_file():
            raise ValueError(f"{text!r} is no policy; expected hold, rule-based, or the path of an .onnx file")
        try:
            vetted = vet(path.read_bytes())
        except PolicyRejected as error:
            raise ValueError(f"{text!r} is refused ({error.code}): {error}") from None
        return cls("onnx", vetted.sha256, path, vetted.claims.get("name", ""), vetted.claims.get("origin", ""))

    @classmethod
    def shipped(cls) -> "PolicyChoice":
        """The one that decides where nobody says otherwise: trained on links that drift as those of the demo do."""
        return cls.parse(str(resource("zoo/fast-links.onnx")))

    @property
    def label(self) -> str:
        """In few words."""
        if self.file is None:
            return self.kind
        return (self.name or self.file.stem) + (f" ({self.origin})" if self.origin else "")

    def to_plain(self) -> dict[str, str]:
        """For the closing document."""
        return {name: getattr(self, name) for name in ("kind", "identity", "name", "origin")}

    def to_toml(self) -> str:
        """Table [policy] of a node."""
        lines = ["[policy]", f"kind = {json.dumps(self.kind)}"]
        if self.file is not None:
            lines.append(f"file = {json.dumps(str(self.file))}")
        return "\n".join(lines) + "\n"
