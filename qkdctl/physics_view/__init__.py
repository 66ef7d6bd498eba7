"""What links can give, prepared for people: operating points, finite blocks, curves, crossovers and their figures."""
