"""Byzantine nodes and eavesdroppers of a simulated network: what they do, when, and what it does to what others see.

Links are the last axis of every array. Nothing here decides whom to believe.
"""
