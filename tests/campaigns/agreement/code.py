"""Which code a result is of."""

import hashlib
from pathlib import Path

from tests.import_graph import imports_of, source_files

REPOSITORY = Path(__file__).parents[3]
_CORE = "qkdctl.abft.replica"
_SIMULATOR = "hil_sim.agreement"


def code_digest() -> str:
    """SHA-256 over the replica with all that it imports, and over its simulator; 16 hexadecimal digits of it."""
    files = source_files(REPOSITORY, "qkdctl") | source_files(REPOSITORY, "hil_sim")
    found: set[str] = {name for name in files if name.startswith(f"{_SIMULATOR}.")}
    waiting = [_CORE]
    while waiting:
        module = waiting.pop()
        if module in found or module not in files:
            continue
        found.add(module)
        waiting += [one.target for one in imports_of(files[module].read_text(), module, files)]
    summed = hashlib.sha256()
    for name in sorted(found):
        summed.update(f"{name}\n".encode() + files[name].read_bytes())
    return summed.hexdigest()[:16]
