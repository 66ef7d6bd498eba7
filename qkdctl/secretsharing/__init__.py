"""Secrets that need k of n: sharing, decoding that names wrong shares, and one-time tags over GF(2^128).

How many shares a receiver needs, for secrecy against k - 1 readers and up to e liars:

- k + e to notice that some share is wrong, or to do without e shares that never came (`recover`);
- k + 2 e to correct the wrong ones and to name them (`recover`);
- k + e to correct and name them when each share carries a tag under a key that sender and receiver share
  (`recover_sealed`). With k = e + 1 this is n = 2 e + 1, which without tags is impossible (Rabin and Ben-Or,
  STOC 1989, pp. 73-85).

All of it is information-theoretic. None of it runs in constant time, which Python cannot promise: who can measure how
long this process computes may learn about its keys.
"""
