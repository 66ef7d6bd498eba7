"""Fixtures that offer simulated instruments to test suites."""
