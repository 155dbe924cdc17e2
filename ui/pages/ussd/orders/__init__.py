"""«Commandes»: the list, one order and its history, the file that brings many, the statuses."""
