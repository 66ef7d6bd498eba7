"""Broken general sections."""

from tests.config.case import Case

# fmt: off
CASES = [
    Case(
        "unit in the key", "epoch_s = 2", "epoch_ms = 2000 #!", "node.epoch_ms",
        "did you mean epoch_s? It is in seconds: epoch_s = 2", "epoch_ms is no key of [node]",
    ),
    Case(
        "unit left out of the key", "poll_s = 0.5", "poll = 0.5 #!", "devices.laser.poll",
        "did you mean poll_s? The key names its unit, seconds",
    ),
    Case(
        "misspelt key", 'driver = "acme-laser"', 'driver = "acme-laser"\non_strat = "retry" #!',
        "devices.laser.on_strat", "did you mean on_start?",
    ),
    Case(
        "misspelt section", "", '[loging] #!\nlevel = "info"', "loging", "did you mean logging?",
        "no section [loging]",
    ),
    Case("singular section", "", '[device.x] #!\ndriver = "acme-laser"', "device", "did you mean devices?"),
    Case("key of another section", "epoch_s = 2", 'level = "info" #!', "node.level", "level belongs into [logging]"),
    Case(
        "text for a number", "epoch_s = 2", 'epoch_s = "2" #!', "node.epoch_s",
        "write the number without quotes: epoch_s = 2",
    ),
    Case(
        "number with a unit", "epoch_s = 2", 'epoch_s = "2500 ms" #!', "node.epoch_s",
        "epoch_s is a plain number in seconds: epoch_s = 2.5",
    ),
    Case(
        "text for a boolean", "epoch_s = 2", 'observe_only = "yes" #!', "node.observe_only",
        "write observe_only = true, without quotes",
    ),
    Case(
        "fraction for a whole number", "epoch_s = 2", "no_plan_epochs_until_safe = 3.0 #!",
        "node.no_plan_epochs_until_safe", "write no_plan_epochs_until_safe = 3",
    ),
    Case(
        "milliseconds for seconds", "epoch_s = 2", "epoch_s = 5000 #!", "node.epoch_s",
        "5000 looks like milliseconds; in seconds that is epoch_s = 5", "out of range",
    ),
    Case(
        "metres for nanometres", "tap_ratio = 99.0", "tap_ratio = 99.0\nwavelength_nm = 1.55e-6 #!",
        "links.alice-bob.wavelength_nm", "1.55e-06 looks like metres; in nanometres that is wavelength_nm = 1550",
    ),
    Case(
        "milliamperes for amperes", "operating_current_a = 0.04", "operating_current_a = 40 #!",
        "links.alice-bob.operating_current_a",
        "40 looks like milliamperes; in amperes that is operating_current_a = 0.04",
    ),
    Case("not a number", "epoch_s = 2", "epoch_s = nan #!", "node.epoch_s", "", "out of range"),
    Case("misspelt choice", "", '[logging]\nlevel = "warn" #!', "logging.level", 'did you mean "warning"?'),
    Case("choice in capitals", "", '[logging]\nformat = "JSON" #!', "logging.format", 'did you mean "json"?'),
    Case("bad node name", 'name = "bench"', 'name = "Bench 1" #!', "node.name", "for example bench-1", "wrong form"),
    Case(
        "bad device name", "", '[devices.Laser_2] #!\ndriver = "acme-laser"\naddress = "tcp://192.0.2.9:1"',
        "devices.Laser_2", "for example laser-2",
    ),
    Case(
        "missing key", '[node]\nname = "bench"', "[node] #!", "node.name", 'add name = "bench"',
        "name is missing in [node]",
    ),
    Case(
        "missing driver", "", '[devices.x] #!\naddress = "tcp://192.0.2.9:1"', "devices.x.driver",
        'add driver = "keysight-n776x"',
    ),
    Case(
        "mode as a number", "", "[api]\nsocket_mode = 660 #!", "api.socket_mode",
        'write it as text: socket_mode = "0660"',
    ),
    Case(
        "mode as an octal number", "", "[api]\nsocket_mode = 0o640 #!", "api.socket_mode",
        'write it as text: socket_mode = "0640"',
    ),
    Case(
        "text for a list", "", '[api.roles]\nadmin = "root" #!', "api.roles.admin", 'write a list: admin = ["root"]',
    ),
    Case(
        "group written otherwise", "", '[api.roles]\noperate = [\n  "root",\n  "%wheel", #!\n]',
        "api.roles.operate[1]", 'a group is written "@wheel"',
    ),
    Case(
        "open to the network", "", '[api.tcp]\nport = 8470\nhost = "0.0.0.0" #!', "api.tcp.host",
        'add token_file = "credential:api-token", a file with the output of: openssl rand -hex 24',
        "without a token",
    ),
    Case(
        "password in the file", "", '[mqtt]\nusername = "me"\npassword = "hunter2" #!', "mqtt.password",
        'move it to a file and write password_file = "/path/of/the/file", or "credential:NAME" under systemd',
        "a secret must not stand in the configuration",
    ),
    Case(
        "password without user", "", '[mqtt]\npassword_file = "credential:x" #!', "mqtt.password_file",
        "add username, or remove password_file",
    ),
    Case(
        "certificate without key", "", '[mqtt.tls]\ncertificate_file = "qkdctl.toml" #!',
        "mqtt.tls.certificate_file", "add key_file, or remove certificate_file",
    ),
    Case("no policy file", "", '[policy]\nkind = "onnx" #!', "policy.kind", "add file, or remove kind"),
    Case(
        "policy file that is absent", "", '[policy]\nfile = "absent.onnx" #!', "policy.file",
        "relative paths start at the directory of the file that names them", "absent.onnx does not exist",
    ),
    Case(
        "digest in capitals", "", f'[policy]\nfile = "qkdctl.toml"\nsha256 = "{"AB" * 32}" #!', "policy.sha256",
        "write the letters in lower case",
    ),
]
# fmt: on
