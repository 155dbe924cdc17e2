"""The HTTP application: every contract of the documents on one FastAPI, and its documentation from our own origin."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib.resources import files
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles

from api import (
    auth,
    ciu,
    delivery_reports,
    errors,
    gateways,
    health,
    organisations,
    payments,
    pensions,
    users,
    ussd,
    ussd_orders,
    verification,
    whatsapp,
)
from api.deps import documentation_reader
from core.access_log import AccessLog
from core.settings import Settings

ASSETS = "/docs-assets"

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create(settings: Settings, lifespan: Lifespan, version: str) -> FastAPI:
    """Build the application; the console is mounted on it afterwards, last."""
    app = FastAPI(
        title=settings.app_name,
        version=version,
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_credentials=True,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key"],
        )
    if settings.host_patterns:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=settings.host_patterns, www_redirect=False)
    app.add_middleware(AccessLog)
    errors.install(app)
    for part in (
        ussd,  # first: what stands before the busiest addresses is tried at every turn
        whatsapp,
        health,
        payments,
        gateways,
        delivery_reports,
        auth,
        users,
        organisations,
        pensions,
        ussd_orders,
        ciu,
        verification,
    ):
        app.include_router(part.router)
    whatsapp.serve_extra_path(app, settings.webhook_path)
    errors.refuse_unknown(app)
    _serve_documentation(app)
    return app


def _serve_documentation(app: FastAPI) -> None:
    """Serve the schema and its two readers; nothing is fetched from elsewhere."""
    app.mount(ASSETS, StaticFiles(directory=str(files("fastapi_offline") / "static")), name="docs-assets")
    guard: Any = [Depends(documentation_reader)]

    def schema() -> JSONResponse:
        return JSONResponse(app.openapi())

    def swagger() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title=app.title,
            swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS}/favicon.png",
        )

    def redoc() -> HTMLResponse:
        return get_redoc_html(
            openapi_url="/openapi.json",
            title=app.title,
            redoc_js_url=f"{ASSETS}/redoc.standalone.js",
            redoc_favicon_url=f"{ASSETS}/favicon.png",
            with_google_fonts=False,
        )

    app.add_api_route("/openapi.json", schema, include_in_schema=False, dependencies=guard)
    for path in ("/docs", "/docs/", "/v1/docs", "/v1/docs/", "/swagger", "/swagger/"):
        app.add_api_route(path, swagger, include_in_schema=False, dependencies=guard, response_class=HTMLResponse)
    for path in ("/redoc", "/redoc/"):
        app.add_api_route(path, redoc, include_in_schema=False, dependencies=guard, response_class=HTMLResponse)
