"""What the identifiers keep. Begin with `issuing.py`; who calls it is `channels/ciu/exchange.py`."""
