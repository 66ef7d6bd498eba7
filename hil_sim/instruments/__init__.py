"""Simulated instruments, one per module; their state lives apart from their endpoints."""
