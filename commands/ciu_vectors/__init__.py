"""The vectors of the health identifiers, checked with the production code; no database is touched."""
