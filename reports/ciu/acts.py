"""What people do about the identifiers, as the feed and the trail name it; the codes themselves are in neither."""

ACTS = {
    "ciu.dhis2.settle": "Conflit avec DHIS2 réglé",
    "ciu.end": "Conversation de CIU terminée",
    "ciu.erase_rehearsals": "Répétitions de CIU effacées",
    "ciu.export": "Fichier de CIU demandé",
    "ciu.forget": "Code oublié",
    "ciu.import": "Registre de CIU importé",
    "ciu.pair_later": "Doublon remis à plus tard",
    "ciu.pair_open": "Décision sur un doublon annulée",
    "ciu.pair_same": "Doublon : une seule personne",
    "ciu.pair_two": "Doublon : deux personnes",
    "ciu.retire_key": "Clé de CIU retirée",
    "ciu.reveal": "Numéros d'un code lus",
}
