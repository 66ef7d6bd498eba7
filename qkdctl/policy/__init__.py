"""What to propose and what to allow: features, actions, policy files, baselines and the shield; values and functions."""
