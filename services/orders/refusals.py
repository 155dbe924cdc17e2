"""What the verbs of orders refuse."""

from dataclasses import dataclass

from core.errors import NotFound, Refusal


class OrderNotFound(NotFound):
    """No such order, or not the caller's: the same words, so that nobody learns which references exist."""

    code = "commande_introuvable"
    sentence = "Commande introuvable."


class StatusUnknown(Refusal):
    """The status is not in the list; `known` is."""

    code = "statut_inconnu"
    status = 422
    sentence = "Statut inconnu. La liste : {known}."


class StatusTaken(Refusal):
    """Two statuses with one name would be one."""

    code = "statut_existant"
    status = 409
    sentence = "Ce statut existe déjà."


class StatusUsed(Refusal):
    """Orders stand on this status."""

    code = "statut_utilise"
    status = 409
    sentence = "{count} commande(s) ont ce statut : donnez-leur en un autre d'abord."


class SheetUnreadable(Refusal):
    """The file is no table of orders."""

    code = "fichier_illisible"
    status = 422
    sentence = "Ce fichier ne se lit pas : {detail}."


@dataclass(frozen=True, slots=True)
class WrongRow:
    """One row that cannot be taken: its number in the file and why."""

    line: int
    reason: str


class RowsWrong(Refusal):
    """Some rows are wrong; `rows` lists every one of them, and nothing of the file was kept."""

    code = "lignes_fausses"
    status = 422
    sentence = "{count} ligne(s) à corriger. Rien n'a été importé."

    def __init__(self, rows: list[WrongRow]) -> None:
        super().__init__(rows=rows, count=len(rows))
        self.rows = rows
