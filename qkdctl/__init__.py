"""A hardware-in-the-loop controller for quantum key distribution devices."""
