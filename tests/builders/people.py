"""People with passwords, and the doors they knock at."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

import psycopg
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from api import auth, errors, organisations, users
from core import clock, security
from core.database import Database, fetch_all, fetch_one
from core.permissions import Actor, Grant, Role, Scope
from models.organisations import Organisation, RoleGrant
from models.users import User
from services import messages

PASSWORD = "Baobab-2026-solide"
MEMBER_PASSWORD = "Baobab26"
ADDRESS = "203.0.113.9"


@lru_cache
def hashed(password: str) -> str:
    """Hash each password of the tests once: it is slow on purpose."""
    return security.hash_password(password)


def person(database: Database, email: str | None, **columns: Any) -> UUID:
    """Write a person who may sign in with `PASSWORD`."""
    known = {"first_name": "Awa", "last_name": "Diop", "password_hash": hashed(PASSWORD), "country": "SN"}
    user = User(email=email, **{**known, **columns})
    with database.transaction() as session:
        session.add(user)
    return user.id


def admin(database: Database, email: str = "chef@palabre.org", **columns: Any) -> UUID:
    """Write a platform administrator."""
    return person(database, email, **{"global_role": "admin", "email_proved_at": clock.now(), **columns})


def organisation(database: Database, code: str = "CNSS", **columns: Any) -> UUID:
    """Write an organisation."""
    row = Organisation(code=code, **{"name": f"Caisse {code}", "country": "BJ", **columns})
    with database.transaction() as session:
        session.add(row)
    return row.id


def holds(database: Database, user_id: UUID, scope: Scope, role: Role, organisation_id: UUID | None = None) -> None:
    """Give a role."""
    with database.transaction() as session:
        session.add(RoleGrant(user_id=user_id, scope=scope, role=role, organisation_id=organisation_id))


def actor(user_id: UUID | None, *grants: Grant, **more: Any) -> Actor:
    """Return someone who asks, with these rights."""
    return Actor(user_id=user_id, name="Awa Diop", grants=grants, address=ADDRESS, **more)


def admin_actor(user_id: UUID | None) -> Actor:
    """Return an administrator who asks."""
    return actor(user_id, Grant(Scope.PLATFORM, Role.ADMIN))


@dataclass(frozen=True)
class Phone:
    """A client of both APIs, signed in or not."""

    http: TestClient
    access: str = ""
    refresh: str = ""

    def call(self, method: str, path: str, json: Any = None, **more: Any) -> Response:
        """Send one request with the token, if any."""
        headers = dict(more.pop("headers", {}))
        if self.access:
            headers["Authorization"] = f"Bearer {self.access}"
        body = {} if json is None else {"json": json}
        answer: Response = self.http.request(method, path, headers=headers, **body, **more)
        return answer

    def get(self, path: str, **more: Any) -> Response:
        """Read."""
        return self.call("GET", path, **more)

    def post(self, path: str, json: Any = None, **more: Any) -> Response:
        """Act."""
        return self.call("POST", path, json, **more)

    def put(self, path: str, json: Any = None, **more: Any) -> Response:
        """Change."""
        return self.call("PUT", path, json, **more)

    def sign_in(self, email: str, password: str = PASSWORD) -> "Phone":
        """Sign in at the tontine door."""
        answer = self.post("/api/v1/auth/login", {"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        return Phone(self.http, body["access_token"], body["refresh_token"])


def phone(address: str = "127.0.0.1") -> Phone:
    """Return a client of the two APIs, nobody signed in."""
    app = FastAPI(redirect_slashes=False)
    errors.install(app)
    for part in (auth, users, organisations):
        app.include_router(part.router)
    errors.refuse_unknown(app)
    return Phone(TestClient(app, client=(address, 50_000), raise_server_exceptions=False, follow_redirects=False))


def last_text(database: Database, address: str) -> str:
    """Return the newest message to an address as its reader gets it, secrets in clear."""
    with database.transaction() as session:
        row = fetch_one(
            session, "select id from message where address = %s order by created_at desc, id desc limit 1", (address,)
        )
        assert row is not None, f"no message to {address}"
        return messages.open_text(session, row["id"]).body


def last_code(database: Database, address: str) -> str:
    """Return the six digits of the newest message to an address."""
    found = re.search(r"\b\d{6}\b", last_text(database, address))
    assert found is not None
    return found.group()


def last_token(database: Database, address: str) -> str:
    """Return the token of the link in the newest message to an address."""
    return last_text(database, address).partition("#")[2].split()[0]


def trail(database: Database, action: str) -> list[dict[str, Any]]:
    """Return the audit entries of one action, oldest first."""
    with database.transaction() as session:
        return fetch_all(session, "select * from audit_entry where action = %s order by id", (action,))


def everything(database: Database) -> str:
    """Return every row of every table as text: what a stolen dump would show."""
    with psycopg.connect(database.url) as connection:
        tables = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
        rows = [connection.execute(f'select t::text from "{table}" t').fetchall() for (table,) in tables]
    return "\n".join(row[0] for part in rows for row in part)
