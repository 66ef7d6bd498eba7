"""All behaviours by name; "twins" is no behaviour but a second replica under the same name."""

from hil_sim.agreement.liars.behaviour import Behaviour
from hil_sim.agreement.liars.noise import Asker, Braggart, DecidedLiar, Flooder, Mutator, Replayer, Stranger
from hil_sim.agreement.liars.proposing import Equivocator, Fabricator, Omitter, Usurper
from hil_sim.agreement.liars.reporting import EchoLiar, FalseReport, TwoReports, WrongTexts
from hil_sim.agreement.liars.silence import Mute, Selective, Silent, SilentLeader, Slow, Withholder
from hil_sim.agreement.liars.voting import Amnesiac, Forger, Turncoat, YesMan

TWINS = "twins"

BEHAVIOURS: dict[str, type[Behaviour]] = {
    "amnesiac": Amnesiac,
    "asker": Asker,
    "braggart": Braggart,
    "decided-liar": DecidedLiar,
    "echo-liar": EchoLiar,
    "equivocator": Equivocator,
    "fabricator": Fabricator,
    "false-report": FalseReport,
    "flooder": Flooder,
    "forger": Forger,
    "mutator": Mutator,
    "mute": Mute,
    "omitter": Omitter,
    "replayer": Replayer,
    "selective": Selective,
    "silent": Silent,
    "silent-leader": SilentLeader,
    "slow": Slow,
    "stranger": Stranger,
    "turncoat": Turncoat,
    "two-reports": TwoReports,
    "usurper": Usurper,
    "withholder": Withholder,
    "wrong-texts": WrongTexts,
    "yes-man": YesMan,
}
