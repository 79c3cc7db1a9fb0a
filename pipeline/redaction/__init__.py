"""Redaction: finds personal data and secrets in an event, replaces them, proves that none is left.

`spans` holds the words all parts share, `detectors` finds, and the policy, the walk, the
pseudonyms and the verifier decide what becomes of what was found. The package is pure: no I/O
but its own data files, no clock, no unseeded randomness.
"""
