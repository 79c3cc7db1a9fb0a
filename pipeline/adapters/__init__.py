"""The outer world: one package for each third-party client; none imports another."""
