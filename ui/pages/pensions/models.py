"""Model files to begin from: both layouts of the document, in the form every spreadsheet opens."""

from collections.abc import Callable

from nicegui import ui

MEDIA_TYPE = "text/csv; charset=utf-8"
BYTE_ORDER_MARK = "\ufeff"

COLUMNS = {
    "type_id": "Ce qui désigne la personne : MSISDN (téléphone), PERSONAL_ID, IBAN, EMAIL, ACCOUNT_ID…",
    "valeur_id": "Le numéro ou l'identifiant lui-même, en texte. Les zéros de tête sont gardés.",
    "devise": "Celle du compte payeur, en trois lettres : XOF.",
    "montant": "En francs entiers, sans espace : 50000 est 50 000 F CFA.",
    "nom_complet": "Facultatif. Il est comparé au nom que connaît le switch.",
    "objet": "Facultatif. PENSION si rien n'est écrit ; RAPPEL, ARRIERES…",
}

LABELS = {"simple": "Modèle simple", "complet": "Modèle complet", "transferId": "Modèle transferId"}

CONTENTS = {
    "simple": (
        "type_id,valeur_id,devise,montant",
        "MSISDN,22997000001,XOF,50000",
        "MSISDN,22997000002,XOF,75000",
    ),
    "complet": (
        "type_id,valeur_id,devise,montant,nom_complet,objet",
        "MSISDN,0197000001,XOF,50000,Awa Dossou,PENSION",
        "PERSONAL_ID,0123456789,XOF,75000,Kossi Adjovi,PENSION",
        "MSISDN,0197000003,XOF,12500,Rachidi Alapini,RAPPEL",
    ),
    "transferId": (
        "transferId,amount,currency,partyIdType,partyIdentifier,name,purpose",
        "PEN-2026-11-0001,50000,XOF,MSISDN,22997000001,Awa Dossou,PENSION",
        "PEN-2026-11-0002,75000,XOF,MSISDN,22997000002,Kossi Adjovi,PENSION",
    ),
}


def content(name: str) -> bytes:
    """Return a model file."""
    return (BYTE_ORDER_MARK + "\r\n".join((*CONTENTS[name], ""))).encode()


def sender(name: str) -> Callable[[], None]:
    """Return what a button does to give a model file."""
    return lambda: ui.download.content(content(name), f"modele-pensions-{name}.csv", MEDIA_TYPE)
