"""Which policy decides in the demo."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PolicyChoice:
    """What decides: a policy file, or a baseline by name.

    Attributes:
        kind: onnx, rule-based or hold.
        file: of an onnx policy.
    """

    kind: str
    file: Path | None = None

    @classmethod
    def parse(cls, text: str) -> "PolicyChoice":
        """Read `hold`, `rule-based`, or the path of an .onnx file.

        Raises:
            ValueError: neither a baseline nor a file that exists.
        """
        if text in ("hold", "rule-based"):
            return cls(text)
        path = Path(text).expanduser().resolve()
        if not path.is_file():
            raise ValueError(f"{text!r} is no policy; expected hold, rule-based, or the path of an .onnx file")
        return cls("onnx", path)

    @property
    def identity(self) -> str:
        """As nodes call it: the name of a baseline, or the SHA-256 of the file."""
        return self.kind if self.file is None else hashlib.sha256(self.file.read_bytes()).hexdigest()

    def to_toml(self) -> str:
        """Table [policy] of a node."""
        lines = ["[policy]", f"kind = {json.dumps(self.kind)}"]
        if self.file is not None:
            lines.append(f"file = {json.dumps(str(self.file))}")
        return "\n".join(lines) + "\n"
