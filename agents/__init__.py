"""The Faust apps (stream processors), one module a role, and `delivery`, which serves them all."""
