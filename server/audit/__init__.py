"""The record that an auditor reads."""
