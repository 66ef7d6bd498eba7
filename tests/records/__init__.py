"""Tests of the agreed records."""
