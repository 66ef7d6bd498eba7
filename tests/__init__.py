"""Tests; helpers are imported from here by their full name."""
