"""Documents about the agreement, as a node of four gives them in an eventful epoch."""

from typing import Any

Json = dict[str, Any]

SUMMARY: Json = {
    "network": "metro",
    "members": 4,
    "faults": 1,
    "slack": 0,
    "epoch": 42,
    "round": 1,
    "decided_s": 3.25,
    "levels": {"its": 2, "none": 1},
    "conditions": ["policy-skew"],
}

ALONE: Json = {
    "network": "bench",
    "members": 1,
    "faults": 0,
    "slack": 0,
    "epoch": 42,
    "round": 0,
    "decided_s": 0.5,
    "levels": {},
    "conditions": [],
}


def peer(name: str, **changes: Any) -> Json:
    """A channel that works well."""
    values: Json = {
        "peer": name,
        "level": "its",
        "in_step": True,
        "silent_s": 0.5,
        "pads": 64,
        "key_bits": {"sent": 123_456, "received": 98_765, "wasted": 0},
        "sent": {"one_time": 900, "hmac": 0, "repeated": 12, "unsealed": 0},
        "accepted": {"all": 850, "hmac": 0, "greetings": 2},
        "refused": dict.fromkeys(
            ("duplicates", "replayed", "forged", "malformed", "downgraded", "over_budget", "awaited", "missing"), 0
        ),
        "paths": [
            {
                "via": "broker-a",
                "connected": True,
                "queued": 0,
                "sent": 912,
                "dropped": 0,
                "received": 870,
                "refused": 0,
                "overrun": 0,
            }
        ],
    }
    return values | changes


def part(node: str, **changes: Any) -> Json:
    """A member that has done all it could."""
    values: Json = {
        "node": node,
        "weight": 1000,
        "silent_s": 0.5,
        "report": True,
        "certified": True,
        "policy": "ab" * 32,
        "round": 3,
        "votes": [1],
        "why": "",
    }
    return values | changes


STANDSTILL: Json = {
    "since_s": 37.4,
    "begun": True,
    "reports": 3,
    "reports_needed": 3,
    "proposed": True,
    "phase": 1,
    "weight": 2000,
    "decided": False,
    "reason": "",
    "members": [
        part("east"),
        part("north", silent_s=None),
        part(
            "south",
            policy="rule-based",
            votes=[],
            why="runs rule-based, while abababababab is in force; without that it cannot vote",
        ),
        part(
            "west",
            silent_s=None,
            report=False,
            certified=False,
            policy=None,
            round=0,
            votes=[],
            why="was never heard since the start of this daemon",
        ),
    ],
}
"""What the agreement below waits for when it stands still."""

AGREEMENT: Json = {
    "node": "north",
    "network": "metro",
    "description": "ab" * 32,
    "members": ["east", "north", "south", "west"],
    "faults": 1,
    "slack": 0,
    "total_weight": 4000,
    "strong_from": 2501,
    "weak_from": 1001,
    "electorate": "cd" * 32,
    "epoch": 42,
    "under_way": True,
    "round": 1,
    "leader": "west",
    "decisions": 41,
    "last": {
        "epoch": 41,
        "ended_ms": 1_700_000_041_000,
        "age_s": 3.25,
        "round": 0,
        "digest": "ef" * 32,
        "reports": ["east", "north", "south"],
        "absent": ["west"],
        "policy": "rule-based",
        "electorate": "cd" * 32,
    },
    "standstill": None,
    "peers": [
        peer("east"),
        peer("south", level="its-relayed(3)"),
        peer(
            "west",
            level="none",
            in_step=False,
            silent_s=None,
            pads=0,
            refused={**peer("west")["refused"], "forged": 3, "duplicates": 7},
            paths=[],
        ),
    ],
    "paths": [{"via": "broker-a", "connected": True, "sessions": 2, "round_trip_s": 0.004, "unknown": 1}],
    "conditions": [
        {"code": "policy-skew", "severity": "warning", "subject": "north", "text": "this node runs another policy"}
    ],
}


def weight(name: str, **changes: Any) -> Json:
    """A node of which nothing bad is known."""
    values: Json = {
        "node": name,
        "member": True,
        "score_ppm": 1_000_000,
        "trust_ppm": 1_000_000,
        "excluded": False,
        "distrusted": False,
        "score_probation_epochs": 0,
        "trust_probation_epochs": 0,
        "fidelity_permille": 1000,
        "data_weight_e6": 1_000_000,
        "vote_weight": 1000,
        "next_vote_weight": 1000,
        "change": {"score_ppm": 0, "trust_ppm": 0, "data_weight_e6": 0},
        "why": [],
    }
    return values | changes


LATE: Json = {
    "node": "west",
    "error_permille": 200,
    "cause": "late-report",
    "subject": "",
    "number": 3000,
    "text": "its report of the epoch before is missing, and a weight of 3000 says that it came late",
}
WEIGHTS: Json = {
    "epoch": 41,
    "deciding_epoch": 42,
    "faults": 1,
    "total_weight": 3440,
    "strong_from": 2221,
    "rules": {
        "decay_permille": 200,
        "recovery_permille": 5,
        "quiet_epochs": 50,
        "agreed_epochs": 100,
        "deviations": 3,
    },
    "nodes": [
        weight("east"),
        weight("north"),
        weight("south", trust_ppm=480_000, distrusted=True, trust_probation_epochs=49, change=None),
        weight(
            "west",
            score_ppm=440_000,
            excluded=True,
            score_probation_epochs=50,
            vote_weight=440,
            next_vote_weight=422,
            change={"score_ppm": -18_000, "trust_ppm": 0, "data_weight_e6": 0},
            why=[LATE],
        ),
    ],
    "history": {"epochs": [], "nodes": []},
}
HISTORY: Json = {
    "epochs": [39, 40, 41],
    "nodes": [
        {
            "node": name,
            "score_ppm": [1_000_000, 1_000_000, 440_000 if name == "west" else 1_000_000],
            "trust_ppm": [1_000_000] * 3,
            "vote_weight": [None if name == "west" else 1000, 1000, 1000],
        }
        for name in ("east", "north", "south", "west")
    ],
}


def claim(**changes: Any) -> Json:
    """One end of a link that runs well."""
    values: Json = {
        "mode": "running",
        "protocol": "bb84",
        "mean_photon_number_e6": 480_000,
        "measured_mean_photon_number_e6": 478_000,
        "attenuation_mdb": 31_250,
        "age_ms": 50,
        "trusted": True,
        "realigns": 0,
        "sessions": [41],
        "pulses": 100_000_000,
        "sifted_bits": 400_000,
        "test_bits": 5_000,
        "qber_z_ppm": 10_000,
        "qber_x_ppm": 11_000,
        "secret_key_bits": 250_000,
    }
    return values | changes


ROW: Json = {
    "link": "e-n",
    "mode": "running",
    "protocol": "bb84",
    "mean_photon_number_e6": 480_000,
    "measured_mean_photon_number_e6": 478_000,
    "qber_z_ppm": 10_000,
    "qber_x_ppm": 11_000,
    "sifted_bits": 400_000,
    "test_bits": 5_000,
    "secret_key_bits": 249_000,
    "valid": 1,
}
EVIDENCE: Json = {
    "epoch": 41,
    "ended_ms": 1_700_000_041_000,
    "whole": True,
    "reports": [
        {"node": name, "digest": "12" * 32, "weight": 1000, "wall_ms": 1, "policy": "rule-based", "late": ["west"]}
        for name in ("east", "north", "south")
    ],
    "absent": ["west"],
    "late": [{"node": "west", "callers": ["east", "north", "south"], "weight": 3000, "counts": True}],
    "links": [
        {
            "link": "e-n",
            "alice": "east",
            "bob": "north",
            "claims": {"alice": claim(), "bob": claim(secret_key_bits=249_000)},
            "pairs": 1,
            "differences": [{"sequence": 41, "text": "secret_key_bits 250000 against 249000"}],
            "waiting": {"alice": 0, "bob": 0},
            "impossible": {"alice": 0, "bob": 0},
            "dispute": {"one": "east", "other": "north", "agreed_epochs_left": 100},
            "row": ROW,
            "doubt": "",
        },
        {
            "link": "s-w",
            "alice": "south",
            "bob": "west",
            "claims": {"alice": claim(), "bob": None},
            "pairs": 0,
            "differences": [],
            "waiting": {"alice": 1, "bob": 0},
            "impossible": {"alice": 0, "bob": 0},
            "dispute": None,
            "row": ROW | {"valid": 0},
            "doubt": "west said nothing of its end",
        },
    ],
    "relay_disputes": [{"one": "east", "other": "west", "agreed_epochs_left": 7}],
    "accusations": [
        {
            "node": "west",
            "kind": "two-votes",
            "epoch": 40,
            "subject": "",
            "accusers": ["east"],
            "weight": 1000,
            "counts": False,
        }
    ],
    "audits": [
        {
            "key": "n-s/41",
            "path": ["north", "west", "south"],
            "blamed": [{"node": "west", "reason": "contradiction"}],
            "disputes": [],
            "silent": [],
            "unheard": [],
        }
    ],
    "verdicts": [LATE],
}
ACTS: Json = {
    "epoch": 41,
    "needed": 2,
    "members": ["east", "north", "south", "west"],
    "faults": 1,
    "policy": "rule-based",
    "strong_from": 2501,
    "filed_here": [{"kind": "set-faults", "faults": 0}],
    "open": [
        {
            "number": 3,
            "act": {"kind": "remove-member", "node": "west"},
            "filer": "east",
            "epoch": 40,
            "accepted": ["east", "south"],
            "disputes": [{"verifier": "south", "signer": "west"}],
            "lapses_after": 760,
            "approved_here": False,
            "withdrawn": False,
            "withdrawn_here": False,
            "at_hand": True,
            "accepted_weight": 2000,
        }
    ],
    "closed": [
        {
            "number": 2,
            "act": {"kind": "activate-policy", "policy": "hold"},
            "filer": "west",
            "epoch": 12,
            "accepted": [],
            "disputes": [],
            "outcome": "lapsed",
        }
    ],
}
COUNTS: Json = {"late": {"west": 1}, "verdicts": [["west", "late-report", 1]]}
