"""The fixtures serve a test suite that knows nothing of asyncio."""

import threading

import pytest


def test_fixtures_are_there_without_any_import(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import socket

        def ask(address, line):
            _, host, port, _ = address.split("::")
            with socket.create_connection((host, int(port)), timeout=5) as client, client.makefile("rwb") as stream:
                stream.write(line.encode() + b"\\n")
                stream.flush()
                return stream.readline().decode().strip()

        def test_one_instrument(qkd_instrument):
            address = qkd_instrument("jdsu-ha9", product="HA9W")
            assert ask(address, "ATT? MAX") == "60.00"

        def test_a_scenario(qkd_simulation):
            bench = qkd_simulation({"instruments": {"laser": {"model": "thorlabs-cld101x"}}})
            laser = bench.addresses["laser"]
            bench.fault("laser", "interlock-open")
            assert ask(laser, "OUTP:PROT:INTL:TRIP?") == "1"
            bench.power_cycle("laser")
            bench.unplug("laser")
            bench.replug("laser")
            assert ask(laser, "OUTP?") == "0"
            assert {"fault", "plugged_in"} <= {event["quantity"] for event in bench.trace()}

        def test_two_at_once(qkd_instrument):
            assert qkd_instrument("polatis") != qkd_instrument("polatis")
        """
    )
    result = pytester.runpytest_inprocess("-o", "asyncio_default_fixture_loop_scope=function")
    result.assert_outcomes(passed=3)


def test_a_scenario_file_may_have_a_mistake(qkd_simulation, tmp_path) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text("sed = 1", encoding="utf-8")
    with pytest.raises(Exception, match="did you mean 'seed'"):
        qkd_simulation(file)


def test_a_start_that_fails_leaves_no_thread(qkd_simulation) -> None:
    threads = threading.active_count()
    fault = {"at_s": 1.0, "instrument": "voa", "kind": "key-lock"}
    with pytest.raises(Exception, match="knows no fault"):
        qkd_simulation({"instruments": {"voa": {"model": "keysight-n776x"}}, "faults": [fault]})
    assert threading.active_count() == threads
