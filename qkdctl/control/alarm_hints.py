"""What an operator can do about each alarm: one sentence per code, shown wherever alarms are listed."""

from collections.abc import Mapping

HINTS: Mapping[str, str] = {
    # links and instruments
    "defect": "send the log and 'qkdctl export' to the developers; restart the daemon if the link does not come back",
    "ends-disagree": "compare the engines at both ends: 'qkdctl abft evidence' shows what each of them reported",
    "link-operation-failed": "see to the instrument that the text names ('qkdctl devices info'); it is tried again",
    "no-light-allowed": "check protocols and caps of the link ('qkdctl config show'), then 'qkdctl links resume LINK'",
    "not-calibrated": "run 'qkdctl calibrate LINK'; the link is dark meanwhile",
    "not-shown-dark": "go there and block the light; then see to the instrument, and say 'qkdctl safe'",
    "plan-not-possible": "compare the limits of the instruments with those of the link: 'qkdctl devices info DEVICE'",
    "power-deviation": "look for loose fibres, a wrong tap ratio or a moved attenuator; then 'qkdctl calibrate LINK'",
    "realigned-alone": "see why the other end took no part, then 'qkdctl links realign LINK'",
    "records-rejected": "check engine and driver of the link: the text says which record cannot be true",
    # keys that are relayed
    "no-key-router": "name the device that relays keys in [network] key_router, and restart the daemon",
    "router-corrupt": "find out who else can reach the key router; other nodes count this against this node",
    "router-misplaced": "check that the key router is the one of this node, and its routes: 'qkdctl routes'",
    "routes-not-applied": "see whether the key router answers: 'qkdctl devices list'; routes are sent again and again",
    # policies
    "policy-ejected": "the baseline decides; 'qkdctl policy rollback', or activate another one",
    "policy-library-failing": "see to disk and permissions of the state directory; what was decided stays decided",
    "policy-rejected": "'qkdctl policy verify FILE' says what is wrong with it",
    "policy-rolled-back": "'qkdctl policy history' shows how it did; nothing needs to be done",
    "policy-shadow-failed": "it proposes nothing usable: 'qkdctl policy verify FILE', then stage a better one",
    "policy-skew": "'qkdctl policy stage' the file with this digest at this node; until then it has no vote",
    # the agreement
    "act-number-reused": "ask whether a state directory was put back from a backup; file the act anew",
    "act-obsolete": "'qkdctl acts list' shows what is in force; file another act if one is still wanted",
    "conflicting-history": "find out which of the nodes has another history: 'qkdctl ledger compare' at their ledgers",
    "false-claim": 'restore links and members, or set claim = "computational" in [network] at all nodes',
    "isolated": "see brokers and peers with 'qkdctl abft status'; too few members are up, or nobody hears this node",
    "no-plan": "see 'qkdctl abft status': who is silent, which broker is away; links go dark if it lasts",
    "other-description": "compare digests at both nodes with 'qkdctl network show'; copy the newer file",
    "partial-tag-wrong": "ask both operators whether a state directory was lost or put back; the act goes on without",
    "restored-store": "nothing; it votes again once it cannot contradict itself",
    "sits-out": "nothing; it votes again once it cannot contradict itself, unless more than f nodes sit out",
    "superseded": "stop one of the two processes; make keys anew if the folder went to other hands",
    "wrong-tags": "compare the key files of the two nodes, which must come from one 'qkdctl network init'",
    # what stops the daemon for good, see docs/guides/agreement.md
    "damaged-store": "keep the state directory, and begin from another node's ledger: 'qkdctl ledger adopt --help'",
    "divergence": "'qkdctl ledger verify' tells whether this node is wrong; then 'qkdctl ledger adopt --help'",
    "fork": "let nothing start again before 'qkdctl ledger compare' has shown which nodes differ, and from when on",
    # the store
    "acts-failing": "see to disk and permissions of the state directory, then restart the daemon",
    "agreement-store-failing": "see to the state directory and its disk; this node says nothing until it takes entries",
    "ledger-failing": "see to the state directory and its disk: 'qkdctl doctor'",
    "state-damaged": "look for a failing disk; 'qkdctl ledger verify', and keep the copies that the text names",
}
"""Code -> hint."""
