"""The faults of a file in a few words, for a count by reason; the whole sentence stands at each line."""

from ui.labels import t

SHORT = {
    "cell_count": "Nombre de cellules",
    "control_character": "Caractère invisible",
    "type_missing": "Type absent",
    "type_unknown": "Type inconnu",
    "type_not_allowed": "Type non admis",
    "identifier_missing": "Identifiant absent",
    "excel_number": "Nombre abîmé par le tableur",
    "msisdn_invalid": "Numéro non valable",
    "country_not_allowed": "Pays non payé",
    "personal_id_format": "Identifiant non numérique",
    "personal_id_length": "Longueur de l'identifiant",
    "email_format": "Courriel non valable",
    "iban_checksum": "IBAN faux",
    "identifier_format": "Signe interdit",
    "currency_missing": "Devise absente",
    "currency_unsupported": "Devise inconnue",
    "currency_mismatch": "Autre devise",
    "amount_missing": "Montant absent",
    "amount_not_positive": "Montant nul ou négatif",
    "amount_decimals": "Décimales",
    "amount_format": "Montant mal écrit",
    "amount_too_large": "Montant trop grand",
    "name_too_long": "Nom trop long",
    "purpose_format": "Objet mal écrit",
    "transfer_id_missing": "transferId absent",
    "transfer_id_format": "transferId mal écrit",
    "duplicate_transfer_id": "transferId en double",
    "transfer_id_exists": "transferId déjà utilisé",
    "duplicate_in_file": "Personne en double",
    "already_paid_this_cycle": "Déjà payée ce mois",
}


def short(code: str) -> str:
    """Return a fault in a few words."""
    return t(SHORT[code]) if code in SHORT else code
