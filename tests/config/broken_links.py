"""Broken links."""

from tests.config.case import Case

# fmt: off
CASES = [
    Case(
        "unknown device", 'source = "laser"', 'source = "lazer" #!', "links.alice-bob.source", "did you mean laser?",
        "there is no device lazer",
    ),
    Case(
        "unknown device of no likeness", 'source = "laser"', 'source = "qd-7" #!', "links.alice-bob.source",
        "add [devices.qd-7]",
    ),
    Case(
        "wrong kind", 'attenuator = "voa"', 'attenuator = "laser" #!', "links.alice-bob.attenuator",
        "did you mean voa?", "laser is of kind photon-source; attenuator needs one of kind attenuator",
    ),
    Case(
        "both ends the same", 'engine_bob = "bob"', 'engine_bob = "alice" #!', "links.alice-bob.engine_bob",
        "configure a second device, with another channel if it is the same instrument",
        "alice is already the engine_alice",
    ),
    Case(
        "above the cap", "tap_ratio = 99.0", "tap_ratio = 99.0\ninitial_mean_photon_number = 0.7 #!",
        "links.alice-bob.initial_mean_photon_number", "", "0.7 is above the cap",
    ),
    Case(
        "cap below the default", "tap_ratio = 99.0", "tap_ratio = 99.0\nmaximum_mean_photon_number = 0.3 #!",
        "links.alice-bob.maximum_mean_photon_number",
        "set initial_mean_photon_number as well; without it, it is 0.48",
    ),
    Case(
        "error rates exchanged", "tap_ratio = 99.0",
        "tap_ratio = 99.0\nexpected_qber_ppm = 60000 #!\nqber_limit_ppm = 20000",
        "links.alice-bob.expected_qber_ppm", "10000 ppm are 1 %",
    ),
    Case(
        "per cent for ppm", "tap_ratio = 99.0", "tap_ratio = 99.0\nqber_limit_percent = 6 #!",
        "links.alice-bob.qber_limit_percent",
        "did you mean qber_limit_ppm? It is in parts per million: qber_limit_ppm = 60000",
    ),
    Case(
        "laser over its limit", "operating_current_a = 0.04", "operating_current_a = 0.07 #!",
        "links.alice-bob.operating_current_a", "", "outside the limits of laser",
    ),
    Case(
        "tap without ratio", 'power_meter = "tap"\ntap_ratio = 99.0', 'power_meter = "tap" #!',
        "links.alice-bob.tap_ratio",
        "add tap_ratio = the power towards the attenuator divided by the power at the meter",
    ),
    Case(
        "position without a switch", "tap_ratio = 99.0", 'tap_ratio = 99.0\nswitch_connections = "1>17" #!',
        "links.alice-bob.switch_connections", "add switch", "switch_connections needs switch",
    ),
    Case(
        "unknown protocol", "tap_ratio = 99.0", 'tap_ratio = 99.0\nprotocols = ["bb84", "e91"] #!',
        "links.alice-bob.protocols[1]", "", "unknown value",
    ),
]
# fmt: on
