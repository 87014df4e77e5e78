"""Keep every HCPCS release as a versioned snapshot and say what changed between any two."""

__version__ = "0.1.0"
