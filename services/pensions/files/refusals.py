"""Why a whole file is refused."""

from core.errors import Refusal


class FileRefusal(Refusal):
    """The file cannot be taken; nothing of it was kept."""

    status = 400


class FileTooLarge(FileRefusal):
    """More bytes than allowed; `limit` says how many."""

    code = "file_too_large"
    status = 413
    sentence = "Ce fichier est trop gros : {limit} octets au plus. Partagez-le en plusieurs fichiers."


class LineTooLong(FileTooLarge):
    """A line of more bytes than allowed; `line` and `limit` say which and how many."""

    sentence = "La ligne {line} dépasse {limit} octets. Vérifiez les fins de ligne, puis renvoyez le fichier."


class TooManyRows(FileRefusal):
    """More rows than the organisation may send at once; `limit` says how many."""

    code = "too_many_rows"
    status = 413
    sentence = "Ce fichier a trop de lignes : {limit} au plus. Partagez-le en plusieurs fichiers."


class EmptyFile(FileRefusal):
    """Nothing in it, or nothing but blank lines."""

    code = "empty_file"
    sentence = "Ce fichier est vide. Choisissez le fichier des pensions."


class NoRows(FileRefusal):
    """A header and nothing under it."""

    code = "no_rows"
    sentence = "Ce fichier n'a que sa ligne de titres. Ajoutez au moins un paiement."


class NotCsv(FileRefusal):
    """A workbook, a PDF, JSON, a web page, or no text at all."""

    code = "not_csv"
    sentence = "Ce fichier n'est pas un CSV. Dans votre tableur, enregistrez en CSV, puis envoyez ce fichier."


class EncodingUnsupported(FileRefusal):
    """UTF-16, UTF-32, or bytes that neither UTF-8 nor Windows-1252 has."""

    code = "encoding_unsupported"
    sentence = "L'encodage de ce fichier n'est pas reconnu. Enregistrez-le en « CSV UTF-8 »."


class MissingColumn(FileRefusal):
    """`columns` lists the required columns that the header has not; `names` says them in a sentence."""

    code = "missing_column"
    sentence = "Il manque dans la ligne de titres : {names}."


class DuplicateColumn(FileRefusal):
    """The header names `column` twice."""

    code = "duplicate_column"
    sentence = "La colonne « {column} » figure deux fois dans la ligne de titres. Gardez-en une."


class LineBreakInCell(FileRefusal):
    """An odd number of double quotes on `line`: a cell goes on to the next line."""

    code = "line_break_in_cell"
    sentence = "Ligne {line} : une cellule contient un saut de ligne ou un guillemet de trop. Écrivez-la sur une ligne."


class InvalidRows(FileRefusal):
    """Some rows are wrong and the sender refuses to leave them out, or no row is right."""

    code = "invalid_rows"
    sentence = "{invalid} ligne(s) sur {rows} sont à corriger. Rien n'a été envoyé."


class ControlTotals(FileRefusal):
    """The rows that go on are not those the sender counted; `expected` and `found` are count and amount."""

    code = "control_totals"
    sentence = "Les totaux de contrôle ne correspondent pas au fichier. Vérifiez le nombre de lignes et le montant."


class InsufficientFunds(FileRefusal):
    """The account has not enough; `required`, `available` and `missing` are minor units, `amount` the last as shown."""

    code = "insufficient_funds"
    sentence = "Il manque {amount} sur le compte {account}."


class SameFile(FileRefusal):
    """The same bytes, or the same payments in the same cycle, are already in the batch `bulk_id`."""

    code = "same_file"
    status = 409
    sentence = "Ce fichier a déjà été envoyé : voyez le lot {bulk_id}."
