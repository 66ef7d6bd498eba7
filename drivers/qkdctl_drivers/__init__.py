"""Drivers for quantum key distribution instruments, one module per instrument family."""
