"""`/ussd-console/passerelles`: the accounts of aggregators and operators, their exchanges and their profiles."""
