"""Whether what devices, ends and relays report can be true: tests with a stated probability of accusing the honest."""
