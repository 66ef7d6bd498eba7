"""Simulated key routers: keys relayed hop by hop by one-time pad, split over disjoint paths, and routers that lie."""
