"""Tests of what goes wrong between computers."""
