"""What of the identifiers needs a person: codes of which nobody knows whether they are one person's or two's."""

from core.database import Session, fetch_one
from core.i18n import t
from core.permissions import Actor, Permission
from reports.waiting import Waiting


def list_waiting(session: Session, actor: Actor) -> list[Waiting]:
    """Return the possible duplicates that wait for a decision."""
    if not actor.may(Permission.CIU_ACT):
        return []
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
