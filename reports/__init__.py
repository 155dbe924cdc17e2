"""The numbers: read-only aggregates for screens and files."""
