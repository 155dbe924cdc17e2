"""Settings of the identifiers: programmes, numbers, connections, keys; for administrators."""
