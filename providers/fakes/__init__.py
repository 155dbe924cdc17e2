"""The fakes: every provider on loopback, in its real wire format, with its real ways to go wrong.

A module of this folder that names `FAKES`, factories of `Fake`, is mounted; nothing else lists it. Only the server is
imported from outside (`server.FakeServer`), and no adapter knows that it talks to a fake.

A fake is small:

    class MtnFake(Fake):
        name = "mtn"

        def routes(self, kernel):
            def request_to_pay(call):
                ...check headers and body as MTN does: return its 400, 401, 409...
                kernel.open(self, "collect", call.headers["x-reference-id"], amount, reference=..., party=...)
                return Response(status_code=202)

            def read(call):
                payment = kernel.read(self.name, call.params["id"])  # None: 404
                return {"status": WORDS[payment.state], "amount": format_amount(payment.amount), ...}

            return [route("/collection/v1_0/requesttopay", request_to_pay), route(".../{id}", read, "GET")]

        def notice(self, kernel, payment, says, *, is_forged):  # the callback, signed as the provider signs
            return Notice(kernel.callback_url(self.name, payment.callback_url), body)

    FAKES = (MtnFake,)

Handlers are plain functions run beside the event loop: they may write to the book, wait, or raise a `Fault`; `open`
plays the story (lost, slow, forged, reversed…) by itself. Secrets to check: `kernel.secret(name, "api_key")`.
"""

import importlib
import pkgutil

from providers.fakes.base import Fake


def make_all() -> list[Fake]:
    """Return one new fake of every provider, in the order of their names."""
    modules = (importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    made = [factory() for module in modules for factory in getattr(module, "FAKES", ())]
    return sorted(made, key=lambda fake: fake.name)
