"""`/administration/audit`: who did what to what, when, from where; refusals too."""

import json
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from core import ids
from core.permissions import Permission
from services import audit
from services.audit import AuditRow, AuditSearch
from ui import shell
from ui.components import buttons, cards, chips, code, dialogs, facts, layout, tables
from ui.components.tables import Answer, Ask, Column, Day, Filter
from ui.labels import Sign, Tone, moment, t, zone
from ui.markup import show, tag
from ui.pages.administration import deeds

REFUSED = Sign("gpp_bad", "Refusé", Tone.RED)
LONGEST_UNDER = 72
DONE = Sign("check", "Fait", Tone.NEUTRAL)


@shell.screen("/administration/audit", title="Audit", needs=Permission.AUDIT_READ)
async def trail(acteur: str = "", sujet: str = "") -> None:
    """Draw the trail, the newest first; `acteur` and `sujet` narrow it to one person's acts or one thing's history."""
    actor_id = ids.parse_id(acteur)

    async def source(ask: Ask) -> Answer | None:
        found = await shell.read(audit.list_entries, _search(ask, actor_id, sujet))
        return None if found is None else Answer([_row(row) for row in found[0]], found[1])

    about = t("Les actes d'une seule personne.") if actor_id else t("L'histoire d'une seule chose.") if sujet else ""
    subtitle = about or t("Chaque changement et chaque refus, écrits une fois, jamais modifiés.")
    with layout.page_head(t("Audit"), subtitle):
        if about:
            buttons.secondary(t("Tout l'audit"), href="/administration/audit", icon="close")
    with cards.card(is_flush=True):
        tables.Table(
            "administration-audit",
            _columns(),
            source,
            search=t("Personne, acte…"),
            choices=[
                Filter("action", t("Acte"), {name: t(sign.word) for name, sign in deeds.DEEDS.items()}),
                Filter("subject", t("Sujet"), {name: t(word) for name, word in deeds.SUBJECTS.items()}),
                Filter("refusals", t("Issue"), {"yes": t("Refusés"), "no": t("Faits")}),
                Day("since", t("Du")),
                Day("until", t("Au")),
            ],
            empty=t("Rien encore : chaque acte paraîtra ici."),
            on_open=_open,
        )


def _columns() -> list[Column]:
    return [
        Column("deed", t("Acte"), "name"),
        Column("who", t("Qui"), is_on_phone=False),
        Column("subject", t("Sujet"), is_on_phone=False),
        Column("state", t("Issue"), "chip", is_on_phone=False),
        Column("address", t("Adresse"), "code", is_on_phone=False),
        Column("at", t("Date"), "time"),
    ]


def _search(ask: Ask, actor_id: UUID | None, subject_id: str) -> AuditSearch:
    chosen = ask.filters
    return AuditSearch(
        text=ask.search,
        actor_id=actor_id,
        action=chosen.get("action", ""),
        subject_type=chosen.get("subject", ""),
        subject_id=subject_id,
        is_refusal={"yes": True, "no": False}.get(chosen.get("refusals", "")),
        since=_midnight(chosen.get("since", "")),
        until=_midnight(chosen.get("until", ""), timedelta(days=1)),
        skip=ask.offset,
        limit=ask.limit,
    )


def _midnight(day: str, later: timedelta = timedelta()) -> datetime | None:
    """Return when a day began on the clocks of this installation; a half-typed day bounds nothing."""
    try:
        return datetime.combine(date.fromisoformat(day) + later, time(), ZoneInfo(zone()))
    except (ValueError, OverflowError):
        return None


def _row(row: AuditRow) -> tables.Row:
    return tables.row(
        str(row.id),
        {
            "deed": t(deeds.sign(row.action).word),
            "who": row.actor_name,
            "subject": deeds.subject(row.subject_type),
            "state": chips.cell(REFUSED if row.is_refusal else DONE),
            "address": row.address,
            "at": moment(row.created_at),
        },
        under=deeds.summary(row)[:LONGEST_UNDER],
        phone_under=row.actor_name,
    )


async def _open(key: str) -> None:
    row = await shell.read(audit.get_entry, UUID(key))
    if row is None:
        return
    with dialogs.dialog(deeds.name(row)) as dialog:
        show(facts.facts(_facts(row)))
        if row.changes:
            written = json.dumps(row.changes, ensure_ascii=False, indent=2, default=str)
            show(code.block(written, title=t("Changements")))
    dialog.open()


def _facts(row: AuditRow) -> list[facts.Fact]:
    href = deeds.href(row)
    who = f"/administration/utilisateurs/{row.actor_id}"
    subject = deeds.subject(row.subject_type)
    shown = f"{subject} …{row.subject_id[-12:]}" if ids.parse_id(row.subject_id) else f"{subject} {row.subject_id}"
    return [
        (t("Qui"), tag("a", row.actor_name, href=who, class_="link") if row.actor_id else row.actor_name),
        (t("Quand"), moment(row.created_at)),
        (t("Sujet"), tag("a", shown, href=href, class_="link") if href else shown),
        (t("Issue"), chips.chip(REFUSED if row.is_refusal else DONE)),
        (t("Résumé"), deeds.summary(row)),
        (t("Adresse"), row.address),
        (t("Code"), tag("code", row.action, class_="code-inline")),
    ]
