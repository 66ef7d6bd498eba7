"""Byzantine fault tolerant agreement as state machines: no I/O, no clock, no tasks."""
