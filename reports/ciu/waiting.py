"""What of the identifiers needs a person: codes of which nobody knows whether they are one person's or two's."""

from core.database import Session, fetch_one
from core.i18n import t
from core.permissions import Actor, Permission
from reports.waiting import Waiting


def list_waiting(session: Session, actor: Actor) -> list[Waiting]:
    """Return the possible duplicates that wait for a decision, and what DHIS2 does not take."""
    return [*_pairs(session), *_links(session)] if actor.may(Permission.CIU_ACT) else []


def _pairs(session: Session) -> list[Waiting]:
    row = fetch_one(
        session,
        """
        select count(*) as count, min(p.created_at) as since from ciu_pair p join ciu_record r on r.id = p.left_id
        where p.state = 'open' and not r.is_test
        """,
    )
    if row is None or not row["count"]:
        return []
    title = t("Doublons de CIU à décider : {count}").format(count=row["count"])
    detail = t("Une personne sous deux codes, ou deux sous un ?")
    return [Waiting("ciu_pairs", "merge", "ochre", title, detail, row["count"], row["since"])]


def _links(session: Session) -> list[Waiting]:
    row = fetch_one(
        session,
        """
        select count(*) as count, min(settled_at) as since from ciu_dhis2_link
        where state in ('conflict', 'rejected')
        """,
    )
    if row is None or not row["count"]:
        return []
    title = t("Codes à régler avec DHIS2 : {count}").format(count=row["count"])
    detail = t("Une autre entité a le code, ou DHIS2 le refuse.")
    return [Waiting("ciu_dhis2", "hub", "ochre", title, detail, row["count"], row["since"])]
