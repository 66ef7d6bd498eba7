"""Byte streams to instruments: TCP, serial, VISA; each knows how to open, send, receive and close, and nothing else."""
