"""What the ledger's codes are called on the screen."""

from ui.labels import t

KINDS = {
    "opening": "Solde d'ouverture",
    "transfer": "Transfert",
    "reversal": "Contre-passation",
    "reserve": "Réservation",
    "post": "Comptabilisation",
    "void": "Annulation",
    "cash_in": "Dépôt",
    "subscription": "Abonnement",
    "pension_funding": "Approvisionnement",
    "pension_reserve": "Réservation d'un lot",
    "pension": "Pension payée",
    "pension_void": "Rendu d'un lot",
    "pension_reversal": "Pension revenue",
}

ACCOUNTS = {
    "wallet": "Portefeuille",
    "wallet_reserved": "Portefeuille, réservé",
    "fee_income": "Frais perçus",
    "service_income": "Produits de services",
    "commission_expense": "Commissions versées",
    "provider_float": "Avoir chez l'opérateur",
    "payable": "Dû à des tiers",
    "opening": "Soldes d'ouverture",
    "suspense": "En attente d'affectation",
    "pension_available": "Pensions, disponible",
    "pension_reserved": "Pensions, réservé",
    "pension_fees_due": "Pensions, frais dus",
    "bank_funding": "Virements de la banque",
}

SIDES = {"debit": "Débit", "credit": "Crédit"}

SOURCES = {
    "ussd": "USSD",
    "tontine": "Tontines",
    "pension": "Pensions",
    "transfer": "Paiements",
    "manual": "Saisie",
}


def kind(code: str) -> str:
    """Return the name of a kind of transaction."""
    return t(KINDS.get(code, code))


def account(code: str, label: str = "") -> str:
    """Return the name of an account: its purpose, then whose it is."""
    purpose = t(ACCOUNTS.get(code, code))
    return f"{purpose} · {label}" if label else purpose


def source(code: str) -> str:
    """Return which service asked."""
    return t(SOURCES.get(code, code))


def side(code: str) -> str:
    """Return the side an account is counted on."""
    return t(SIDES[code])
