"""What the codes of reconciliation are called, on the screen and on paper."""

KINDS = {
    "ours_not_theirs": "Chez nous seulement",
    "theirs_not_ours": "Chez l'opérateur seulement",
    "amount_differs": "Montant différent",
    "state_differs": "État différent",
    "fee_differs": "Frais différents",
}
SOURCES = {"list": "liste de l'opérateur", "statement": "relevé importé", "reads": "chaque transfert relu"}
