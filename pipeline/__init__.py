"""What happens to an agent's event: the library behind the stream processors and `sluice`."""
