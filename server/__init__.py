"""The host: runs processes durably and shows them to people. Nobody imports it."""

__version__ = "0.1.0"
