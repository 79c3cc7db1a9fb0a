"""The event model: its contract, decoding and normalisation, prices and dead letters."""
