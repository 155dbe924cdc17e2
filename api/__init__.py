"""The wire: HTTP endpoints of the five contracts."""
