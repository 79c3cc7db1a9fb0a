"""A seeded fleet of agents with known truth: what it did, what it cost, whose data it held."""
