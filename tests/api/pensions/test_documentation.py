"""What is written of our doors: the schema names every one, once, with the form of a file."""

from tests.api.pensions.conftest import MANAGER, ROOT, SignIn

PATHS = {
    *("", "/preview", "/history", "/files/{file_id}/errors", "/{bulk_id}", "/{bulk_id}/details", "/{bulk_id}/status"),
    *("/{bulk_id}/stream", "/{bulk_id}/wait", "/{bulk_id}/report", "/{bulk_id}/payments"),
    *(f"/{{bulk_id}}/{act}" for act in ("confirm", "approve", "reject", "cancel", "pause", "resume", "retry")),
    "/{bulk_id}/payments/{transfer_id}",
    *(f"/{{bulk_id}}/payments/{{transfer_id}}/{act}" for act in ("receipt", "release", "refuse", "inquire", "settle")),
}


def test_the_schema_names_every_door(sign_in: SignIn) -> None:
    manager = sign_in(MANAGER)
    schema = manager.get("/openapi.json").json()
    ours = {path.removeprefix(ROOT) for path in schema["paths"] if path.startswith(ROOT)}
    assert ours == PATHS
    assert {"/api/accounts", "/api/transfers/{transfer_id}", "/api/admin/users/create"} <= set(schema["paths"])
    form = schema["paths"][ROOT]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["required"] == ["file"]
    for reader in ("/swagger/", "/swagger", "/redoc", "/redoc/"):
        assert manager.get(reader).status_code == 200
