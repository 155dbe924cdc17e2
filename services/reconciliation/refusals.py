"""What a day of reconciliation may be refused for."""

from core.errors import Conflict, Refusal


class DayClosed(Conflict):
    """A closed day is not compared again."""

    code = "jour_clos"
    sentence = "Ce jour est clos. Rien n'a été changé."


class DayStillOpen(Conflict):
    """A day with open differences is not closed."""

    code = "ecarts_ouverts"
    sentence = "Il reste {count} écart(s) à régler ce jour-là. Réglez-les, puis clôturez."


class PensionsStillOpen(Conflict):
    """Nobody closes a day over a pension whose end nobody knows."""

    code = "pensions_ouvertes"
    sentence = "Il reste {count} pension(s) de ce jour sans fin connue. Attendez leur fin, puis clôturez."


class DayNotCompared(Conflict):
    """Only a day that was compared to its end can be closed."""

    code = "jour_non_compare"
    sentence = "Ce jour n'a pas encore été comparé jusqu'au bout. Lancez le rapprochement, puis clôturez."


class DayNotOver(Conflict):
    """Today is not over."""

    code = "jour_en_cours"
    sentence = "Ce jour n'est pas terminé. Il sera comparé cette nuit."


class NotSealedYet(Conflict):
    """The ledger's seal does not reach the end of the day yet."""

    code = "sceau_en_attente"
    sentence = "Les écritures de ce jour ne sont pas encore scellées. Recommencez dans une minute."


class StatementKnown(Conflict):
    """The same file came before."""

    code = "releve_deja_importe"
    sentence = "Ce relevé a déjà été importé le {date}. Rien n'a été changé."


class StatementUnreadable(Refusal):
    """The file is no statement."""

    code = "releve_illisible"
    status = 422
    sentence = "Ce fichier ne se lit pas : {detail}. Envoyez le CSV ou le XLSX de l'opérateur, sans le modifier."


class ColumnsMissing(Refusal):
    """The mapping of columns does not fit the file."""

    code = "colonnes_manquantes"
    status = 422
    sentence = "Colonnes introuvables : {columns}. Indiquez à quoi correspond chaque colonne du relevé."


class LinesWrong(Refusal):
    """Some lines cannot be read; nothing of the file was kept."""

    code = "lignes_fausses"
    status = 422
    sentence = "{count} ligne(s) du relevé ne se lisent pas, la première est la ligne {line}. Rien n'a été importé."


class ResolutionNeeded(Refusal):
    """A difference is closed with a word."""

    code = "explication_requise"
    status = 422
    sentence = "Dites en quelques mots pourquoi cet écart est réglé."


class AlreadyResolved(Conflict):
    """Somebody was faster, or a later comparison found the match."""

    code = "ecart_deja_regle"
    sentence = "Cet écart est déjà réglé."
