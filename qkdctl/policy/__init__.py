"""What to propose and what to allow: features, actions, policy files, baselines, shield; values and functions."""
