"""Specimens of what acts: buttons, fields, filters, dialogs, toasts."""

from typing import Any
from uuid import UUID

from nicegui import ui

from core.money import Currency, Money
from ui.components import buttons, cards, danger_dialog, fields, filters, layout, money_dialog, tabs, toasts
from ui.pages.gallery.showing import Specimen

MOVE = money_dialog.Move(
    act="Verser {amount} à {name}",
    name="Awa Diop",
    detail="+221 77 000 42 18, Orange Sénégal",
    amount=Money(120_000, Currency.XOF),
    fee=Money(1_200, Currency.XOF),
    source="Cagnotte, Les Étoiles de Médina",
)


def button_kinds() -> None:
    """Draw every button, awake, asleep and busy."""
    with cards.card(), layout.stack(is_tight=True):
        with layout.row():
            buttons.primary("Encaisser 12 000 F CFA")
            buttons.secondary("Suspendre", icon="pause")
            buttons.quiet("Colonnes", icon="view_column")
            buttons.danger("Supprimer")
            buttons.soft("Payé exact")
        with layout.row():
            buttons.primary("Encaisser").disable()
            buttons.secondary("Exporter", icon="download").disable()
            buttons.primary("Envoi").props("loading")
            buttons.icon_only("more_horiz", "Plus d'actes", is_bordered=True)
            buttons.icon_only("close", "Fermer")


def field_kinds() -> None:
    """Draw every field, filled, empty, helped, wrong."""
    with cards.card(), fields.form():
        fields.text("Nom complet", value="Awa Diop")
        fields.text("Téléphone", hint="Avec l'indicatif, par exemple +221 77 000 42 18")
        fields.show_error(fields.text("Montant", value="62.500"), "« 62.500 » n'est pas un entier")
        fields.password("Mot de passe")
        fields.choice("Pays", {"SN": "Sénégal", "BJ": "Bénin", "CD": "RD Congo"}, value="SN")
        fields.long_text("Motif", value="Numéro fermé par l'opérateur.")
        fields.text("Référence", value="REF-7Q2K4M").disable()
        with layout.row():
            fields.checkbox("Approbation à deux", is_on=True)
            fields.checkbox("Archivé")
            fields.switch("Alertes", is_on=True)


def narrowing() -> None:
    """Draw tabs, segmented control, drop-downs, search."""
    with cards.card(is_flush=True):
        choices = [
            tabs.Tab("all", "Toutes", "99 988"),
            tabs.Tab("failed", "Échouées", "412"),
            tabs.Tab("unknown", "Sort inconnu", "37"),
        ]
        tabs.tabs(choices, _ignore)
    with layout.row():
        filters.segments({"1": "1 h", "24": "24 h", "7": "7 j"}, "24", _ignore, label="Période")
        filters.choice("Réseau", {"": "Tous", "orange": "Orange"}, _ignore)
        filters.search_box("Nom, numéro, référence", _ignore)


def saying() -> None:
    """Draw dialogs and toasts, opened from their buttons."""
    with cards.card(), layout.row():
        buttons.secondary("Verser de l'argent", lambda: money_dialog.money_dialog(MOVE, _confirm))
        buttons.secondary("Supprimer un service", _destroy)
        buttons.secondary("Dire ce qui est fait", lambda: toasts.done("Séance enregistrée."))
        buttons.secondary("Dire un refus", lambda: toasts.refused("Solde insuffisant."))
        buttons.secondary(
            "Proposer d'annuler", lambda: toasts.undoable("Amende retirée.", lambda: toasts.done("Amende remise."))
        )


def _destroy() -> ui.dialog:
    async def confirm() -> bool:
        toasts.done("Service supprimé.")
        return True

    loss = "Le service et ses tarifs disparaîtront. Les opérations passées restent au grand livre."
    return danger_dialog.danger_dialog(
        "Supprimer le service", loss, name="Pharmacie", act="Supprimer Pharmacie", confirm=confirm
    )


async def _confirm(_: UUID) -> bool:
    toasts.done("120 000 F CFA versés à Awa Diop.")
    return True


def _ignore(_: Any) -> None:
    """Take a choice that leads nowhere here."""


SPECIMENS: tuple[Specimen, ...] = (
    ("Boutons", button_kinds),
    ("Champs", field_kinds),
    ("Filtres et onglets", narrowing),
    ("Dialogues et messages", saying),
)
