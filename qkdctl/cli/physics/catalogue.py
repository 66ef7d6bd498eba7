"""Which protocols and sets of hardware there are, what each is, who published it, and by which other names it goes."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something comes from.

    Attributes:
        title: what it is, for people.
        source: who published it.
    """

    title: str
    source: str


PROTOCOLS: Mapping[str, Origin] = {
    "bb84": Origin(
        "BB84 with decoys, source at one end and receiver at the other",
        "Ma, Qi, Zhao, Lo, Phys. Rev. A 72, 012326 (2005)",
    ),
    "mdi": Origin(
        "measurement-device independent, untrusted Bell measurement midway",
        "Lo, Curty, Qi, Phys. Rev. Lett. 108, 130503 (2012); Ma, Razavi, Phys. Rev. A 86, 062319 (2012)",
    ),
    "tf": Origin(
        "twin field, single-photon interference midway, key from phases",
        "Curty, Azuma, Lo, npj Quantum Inf. 5, 64 (2019)",
    ),
    "sns": Origin(
        "twin field by sending or not sending, key from who sent",
        "Wang, Yu, Hu, Phys. Rev. A 98, 062323 (2018)",
    ),
    "bbm92": Origin(
        "entangled pairs, source of down-converted light midway",
        "Ma, Fung, Lo, Phys. Rev. A 76, 012307 (2007)",
    ),
}

HARDWARE: Mapping[str, Origin] = {
    "snspd-a": Origin(
        "superconducting nanowires of a metropolitan network",
        "class figures after Hadfield, Nat. Photonics 3, 696 (2009), table 1, at 1 ns gates",
    ),
    "snspd-b": Origin(
        "superconducting nanowires of low noise",
        "class figures after Hadfield, Nat. Photonics 3, 696 (2009), table 1, at 1 ns gates",
    ),
    "ingaas": Origin(
        "gated InGaAs avalanche diodes",
        "class figures after Zhang, Itzler, Zbinden, Pan, Light Sci. Appl. 4, e286 (2015)",
    ),
    "gobby-yuan-shields": Origin(
        "InGaAs diodes of the 122 km experiment of 2004",
        "Gobby, Yuan, Shields, Appl. Phys. Lett. 84, 3762 (2004)",
    ),
    "lo-curty-qi": Origin(
        "figures of the first MDI-QKD paper",
        "Lo, Curty, Qi, Phys. Rev. Lett. 108, 130503 (2012), after Ursin et al., Nat. Phys. 3, 481 (2007)",
    ),
    "ma-fung-lo": Origin(
        "figures of a paper on entangled pairs",
        "Ma, Fung, Lo, Phys. Rev. A 76, 012307 (2007), after Ursin et al., Nat. Phys. 3, 481 (2007)",
    ),
    "wang-yu-hu": Origin(
        "figures of the first paper on sending or not sending",
        "Wang, Yu, Hu, Phys. Rev. A 98, 062323 (2018), fig. 1; the misalignment of photons is ours",
    ),
}

PROTOCOL_ALIASES: Mapping[str, str] = {
    "decoy": "bb84",
    "decoy-bb84": "bb84",
    "mdi-qkd": "mdi",
    "twin-field": "tf",
    "tf-qkd": "tf",
    "sending-or-not-sending": "sns",
    "entangled": "bbm92",
}

HARDWARE_ALIASES: Mapping[str, str] = {
    "snspd": "snspd-a",
    "nanowire": "snspd-a",
    "apd": "ingaas",
    "gys": "gobby-yuan-shields",
    "lcq": "lo-curty-qi",
    "mfl": "ma-fung-lo",
    "wyh": "wang-yu-hu",
}
