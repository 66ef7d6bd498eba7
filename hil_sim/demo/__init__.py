"""`qkdctl demo`: simulated bench and real daemon together, and what the policy is worth against holding still."""
