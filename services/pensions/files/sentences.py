"""What a person is told of a wrong row: one French sentence a code, which says what to do."""

from core.i18n import t
from services.pensions.files.rules import WHITE_SPACE, FileRules

SENTENCES = {
    "cell_count": "Cette ligne n'a pas autant de cellules que la ligne de titres. Vérifiez les séparateurs.",
    "control_character": "Cette cellule contient un caractère invisible interdit. Effacez-la et retapez-la.",
    "type_missing": "Le type d'identifiant manque. Écrivez par exemple MSISDN ou PERSONAL_ID.",
    "type_unknown": "Ce type d'identifiant n'existe pas. Types possibles : {types}.",
    "type_not_allowed": "Votre organisation n'admet pas ce type d'identifiant. Types admis : {types}.",
    "identifier_missing": "L'identifiant manque. Ajoutez-le, ou retirez la ligne.",
    "excel_number": "Le tableur a abîmé ce nombre. Mettez la colonne au format Texte, puis retapez-le en entier.",
    "msisdn_invalid": "Ce numéro de téléphone n'est pas valable. Vérifiez-le auprès du bénéficiaire.",
    "country_not_allowed": "Ce numéro est d'un pays que votre organisation ne paie pas.",
    "personal_id_format": "L'identifiant ne doit contenir que des chiffres.",
    "personal_id_length": "L'identifiant doit avoir {length} chiffres.",
    "email_format": "Cette adresse électronique n'est pas valable. Exemple : nom@exemple.bj.",
    "iban_checksum": "Cet IBAN n'est pas valable : une lettre ou un chiffre est faux. Recopiez-le du relevé bancaire.",
    "identifier_format": "Cet identifiant contient un signe interdit. Lettres, chiffres et . _ @ + / - seulement.",
    "currency_missing": "La devise manque. Écrivez {currency}.",
    "currency_unsupported": "Cette devise n'est pas prise en charge. Écrivez {currency}.",
    "currency_mismatch": "Cette devise n'est pas celle du compte payeur. Écrivez {currency}.",
    "amount_missing": "Le montant manque. Ajoutez-le, ou retirez la ligne.",
    "amount_not_positive": "Le montant doit être plus grand que zéro.",
    "amount_decimals": "Trop de décimales, ou une virgule, pour un montant en {currency}. Exemple : {example}.",
    "amount_format": "Le montant s'écrit en chiffres seulement, sans espace ni zéro de tête. Exemple : {example}.",
    "amount_too_large": "Ce montant dépasse le maximum permis par paiement.",
    "name_too_long": "Le nom dépasse 128 caractères. Abrégez-le.",
    "purpose_format": "L'objet ne contient que des lettres et _, 32 au plus. Exemple : PENSION.",
    "transfer_id_missing": "L'identifiant du paiement manque (transferId).",
    "transfer_id_format": "L'identifiant du paiement a 64 signes au plus : lettres, chiffres et . _ : -.",
    "duplicate_transfer_id": "Cet identifiant de paiement figure déjà plus haut dans le fichier. Donnez-en un autre.",
    "transfer_id_exists": "Cet identifiant de paiement a déjà servi dans un lot. Donnez-en un autre.",
    "duplicate_in_file": "Cette personne figure déjà à la ligne {see} pour le même motif.",
    "already_paid_this_cycle": "Cette personne est déjà dans le lot {see} pour ce mois et ce motif. Retirez la ligne.",
}
LOST_ZERO = "L'identifiant doit avoir {length} chiffres ; un zéro de tête a peut-être été perdu."

PHONE_SENTENCES = {
    "service_code": "Ceci est un code de service (* ou #), pas un numéro de téléphone.",
    "several_numbers": "Il y a plusieurs numéros dans cette cellule. Gardez-en un.",
    "not_a_number": "Un numéro de téléphone ne contient que des chiffres. Retirez les lettres.",
    "too_short": "Ce numéro est trop court : il manque des chiffres.",
    "too_long": "Ce numéro est trop long : il y a des chiffres en trop.",
    "not_mobile": "Ce n'est pas un numéro de mobile.",
    "ambiguous_legacy": "Ancien numéro à 8 chiffres : ajoutez 01, 05 ou 07 devant, selon l'opérateur.",
    "unknown_country": "Le pays de ce numéro est inconnu : commencez par + et l'indicatif du pays.",
}

WARNINGS = {
    "encoding_assumed": "Le fichier n'est pas en UTF-8 : il a été lu en Windows-1252. Vérifiez les accents des noms.",
    "unknown_column": "Des colonnes inconnues ont été ignorées.",
    "same_bytes_other_cycle": "Ce même fichier a déjà servi pour un autre mois.",
    "msisdn_repaired": "Des numéros à l'ancien format ont été complétés.",
    "msisdn_unknown_range": "Des numéros sont d'une tranche encore inconnue. Vérifiez-les.",
    "duplicate_in_file": "Des personnes figurent plusieurs fois pour le même motif.",
}


def fault_sentence(code: str, detail: str | None, value: str, see: str | None, rules: FileRules) -> str:
    """Return what to tell of a fault, in the language of this context."""
    if code == "msisdn_invalid" and detail in PHONE_SENTENCES:
        sentence = PHONE_SENTENCES[detail]
    elif code == "personal_id_length" and len(value.strip(WHITE_SPACE)) == rules.personal_id_length - 1:
        sentence = LOST_ZERO
    else:
        sentence = SENTENCES[code]
    return t(sentence).format(
        types=", ".join(sorted(rules.id_types)),
        length=rules.personal_id_length,
        currency=rules.currency.value,
        example="1250.50" if rules.currency.exponent else "50000",
        see=see or "",
    )


def warning_sentence(code: str) -> str:
    """Return what to tell of a warning, in the language of this context."""
    return t(WARNINGS[code])
