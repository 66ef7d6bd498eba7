"""Broken devices."""

from tests.config.case import Case

# fmt: off
CASES = [
    Case(
        "misspelt driver", 'driver = "acme-laser"', 'driver = "acme-lazer" #!', "devices.laser.driver",
        'did you mean "acme-laser"?', 'there is no driver "acme-lazer"',
    ),
    Case(
        "part of a driver's name", 'driver = "acme-laser"', 'driver = "laser" #!', "devices.laser.driver",
        'did you mean "acme-laser"?',
    ),
    Case(
        "driver that does not import", "", '[devices.x]\ndriver = "broken" #!\naddress = "tcp://192.0.2.9:1"',
        "devices.x.driver", "install the package that registers it again, with what it depends on",
        "ImportError: No module named 'acme_sdk'",
    ),
    Case(
        "misspelt scheme", 'address = "tcp://192.0.2.1:5025"', 'address = "tpc://192.0.2.1:5025" #!',
        "devices.laser.address", 'did you mean "tcp://192.0.2.1:5025"?',
    ),
    Case(
        "no scheme", 'address = "tcp://192.0.2.1:5025"', 'address = "192.0.2.1:5025" #!', "devices.laser.address",
        'a TCP port is "tcp://192.0.2.1:5025"',
    ),
    Case(
        "bare device file", 'address = "tcp://192.0.2.1:5025"', 'address = "/dev/ttyUSB0" #!',
        "devices.laser.address", 'a serial line is "serial:///dev/ttyUSB0"',
    ),
    Case(
        "two slashes", 'address = "tcp://192.0.2.1:5025"', 'address = "serial://dev" #!', "devices.laser.address",
        'the path is absolute, so there are three slashes: "serial:///dev"',
    ),
    Case(
        "no port", 'address = "tcp://192.0.2.1:5025"', 'address = "tcp://192.0.2.1" #!', "devices.laser.address",
        'host and port are both needed: "tcp://host:port", the port from 1 to 65535',
    ),
    Case(
        "misspelt speed", 'address = "tcp://192.0.2.1:5025"', 'address = "serial:///dev/ttyUSB0?boud=9600" #!',
        "devices.laser.address", "did you mean baud?",
    ),
    Case(
        "misspelt VISA class", 'address = "tcp://192.0.2.1:5025"', 'address = "TCPIP::192.0.2.1::5025::SOCKT" #!',
        "devices.laser.address", 'did you mean "TCPIP::192.0.2.1::5025::SOCKET"?',
    ),
    Case(
        "VISA class left out", 'address = "tcp://192.0.2.1:5025"', 'address = "TCPIP::192.0.2.1::5025" #!',
        "devices.laser.address", 'did you mean "TCPIP::192.0.2.1::5025::SOCKET"?',
    ),
    Case(
        "password in an address", 'address = "http://192.0.2.5:8080"',
        'address = "http://me:hunter2@192.0.2.5:8080" #!', "devices.alice.address", "",
        "an address must not carry a secret",
    ),
    Case(
        "wrong kind of exchange", 'address = "http://192.0.2.5:8080"', 'address = "tcp://192.0.2.5:8080" #!',
        "devices.alice.address", 'for example "http://192.0.2.20:8080"', "the driver speaks over HTTP",
    ),
    Case(
        "misspelt option", "options = { channel = 1 }", "options = { chanel = 1 } #!", "devices.voa.options.chanel",
        "did you mean channel?", "chanel is no key of [devices.voa.options]",
    ),
    Case(
        "option out of range", "options = { channel = 1 }", "options = { channel = 5 } #!",
        "devices.voa.options.channel", "", "out of range",
    ),
    Case(
        "secret among the options", 'address = "http://192.0.2.6:8080"',
        'address = "http://192.0.2.6:8080"\noptions.password = "hunter2" #!', "devices.bob.options.password",
        'move it to a file and write password_file = "/path/of/the/file", or "credential:NAME" under systemd',
    ),
    Case(
        "limit in another unit", "[devices.laser.limits.current_a]", "[devices.laser.limits.current_ma] #!",
        "devices.laser.limits.current_ma", "did you mean current_a? It is in amperes", "no attribute current_ma",
    ),
    Case(
        "limit for what is only read", "", "[devices.laser.limits.temperature_degc] #!\nmaximum = 30",
        "devices.laser.limits.temperature_degc", "", "is only read",
    ),
    Case(
        "limit for a switch", "", "[devices.laser.limits.emission_enabled] #!\nmaximum = 1",
        "devices.laser.limits.emission_enabled", "", "is a bool",
    ),
    Case(
        "limits exchanged", "maximum = 0.06", "minimum = 0.07\nmaximum = 0.06 #!",
        "devices.laser.limits.current_a.maximum", "exchange them, or correct one",
    ),
    Case(
        "limits beyond the instrument", "maximum = 0.06", "minimum = 50 #!",
        "devices.laser.limits.current_a.minimum", "50 looks like milliamperes; in amperes that is current_a = 0.05",
    ),
    Case(
        "limits of nothing", "", "[devices.voa.limits.attenuation_db] #!", "devices.voa.limits.attenuation_db", "",
        "limits nothing",
    ),
]
# fmt: on
