"""Tests of the SCPI grammar."""
