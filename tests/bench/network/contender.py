"""Who takes part, each in a process of its own for each measurement."""

import subprocess
import sys
from dataclasses import dataclass
from typing import Final

from tests.bench.contender import PEERS_ENVIRONMENT, REPOSITORY, UnavailableError, installation
from tests.bench.network.order import Order, Sample

_PATIENCE_S = 900.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One contender.

    Attributes:
        name: in results.
        title: for people.
        module: what its process runs, below `tests.bench.network`.
        peer: distribution to install into the peers' environment; "" for those that run in this one.
        long: whether it simulates the long run instead of the slice that all share.
    """

    name: str
    title: str
    module: str
    peer: str = ""
    long: bool = False

    def simulate(self, order: Order) -> Sample:
        """Carry out an order.

        Raises:
            UnavailableError: it cannot be started, failed, or did not end in time; the message says why.
        """
        python = str(PEERS_ENVIRONMENT / "bin" / "python") if self.peer else sys.executable
        command = [python, "-m", f"tests.bench.network.{self.module}", order.to_json()]
        try:
            ended = subprocess.run(
                command, cwd=REPOSITORY, check=False, capture_output=True, text=True, timeout=_PATIENCE_S
            )
        except OSError as error:
            raise UnavailableError(f"{self.title}: {error}; {installation(self.peer)}") from error
        except subprocess.TimeoutExpired:
            raise UnavailableError(f"{self.title}: {order.links} links took over {_PATIENCE_S:g} s") from None
        if ended.returncode != 0:
            words = " ".join(ended.stderr.splitlines()[-1:]) or "none"
            raise UnavailableError(
                f"{self.title}: ended with {ended.returncode}; its last words: {words}; {installation(self.peer)}"
            )
        return Sample.from_json(ended.stdout)


OURS: Final = Entry("qkdctl", "qkdctl, steps of 1 s", "ours", long=True)
OURS_SLICE: Final = Entry("qkdctl-slice", "qkdctl, the shared time", "ours")
SEQUENCE: Final = Entry("sequence", "SeQUeNCe", "contenders.with_sequence", peer="sequence")
SIMQN: Final = Entry("simqn", "SimQN", "contenders.with_simqn", peer="qns")
IN_USE: Final = Entry("qkdctl-in-use", "qkdctl in use, steps of 1 s", "in_use", long=True)
KERNELS: Final = Entry("kernels", "its bare kernels", "kernels", long=True)
ENTRIES: Final = (OURS, OURS_SLICE, SEQUENCE, SIMQN, IN_USE, KERNELS)
