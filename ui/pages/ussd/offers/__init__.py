"""«Offres»: the catalogue, one service and who has it, and the connectors flows may call."""
