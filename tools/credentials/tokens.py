"""The access token of one actor at one server: kept until it soon expires, and renewed once for many.

It lives in this process alone: nothing writes it down.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Hashable
from contextvars import Context
from typing import Any
from weakref import WeakKeyDictionary

import httpx
from pydantic import SecretStr

from tools.credentials.assertions import OURSELVES, Actor
from tools.credentials.oauth import OAuth, Token, ask_for_token, is_safe
from tools.errors import AddressRefused, PersonMissing
from tools.ports import current_caller
from tools.registry import ServerEntry

# Of how many actors the tokens are kept; of one that comes again after that many others, a new one is asked.
KEPT = 10_000

# A token must live through the request that it is sent with.
MARGIN_S = 30
WIDEST_MARGIN = 0.25


class Tokens(httpx.Auth):
    """Authenticates requests to one server as one actor."""

    def __init__(self, oauth: OAuth, *, resource: str, actor: Actor) -> None:
        self._oauth = oauth
        self._resource = resource
        self._actor = actor
        self._held: SecretStr | None = None
        self._before: SecretStr | None = None
        self._good_until = 0.0
        self._asking: asyncio.Task[Token] | None = None

    @property
    def secrets(self) -> list[SecretStr]:
        """The token that requests are sent with now, and the one before it."""
        return [token for token in (self._held, self._before) if token is not None]

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send the request with a token; one that was turned away unread, once more with a new one.

        Raises:
            NotSent: there is no token; the request was not sent.
        """
        token = await self._token()
        _put(token, request)
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            _put(await self._token(other_than=token), request)
            yield request

    async def _token(self, *, other_than: SecretStr | None = None) -> SecretStr:
        if self._held is not None and self._held != other_than and time.monotonic() < self._good_until:
            return self._held
        if self._asking is None:
            asking = ask_for_token(self._oauth, resource=self._resource, actor=self._actor)
            # A task of its own: whoever stops waiting leaves it to the others, and lends it no context.
            self._asking = asyncio.create_task(asking, context=Context())
            self._asking.add_done_callback(self._keep)
        await asyncio.shield(self._asking)
        assert self._held is not None  # noqa: S101  the callback came before us
        return self._held

    def _keep(self, asked: asyncio.Task[Any]) -> None:
        self._asking = None
        if asked.cancelled() or asked.exception() is not None:
            return
        token: Token = asked.result()
        self._held, self._before = token.access_token, self._held
        margin_s = min(MARGIN_S, token.expires_in * WIDEST_MARGIN)
        self._good_until = time.monotonic() + token.expires_in - margin_s


def _put(token: SecretStr, request: httpx.Request) -> None:
    request.headers["Authorization"] = f"Bearer {token.get_secret_value()}"


_kept: WeakKeyDictionary[asyncio.AbstractEventLoop, OrderedDict[Hashable, Tokens]] = WeakKeyDictionary()


def actor_of(entry: ServerEntry) -> Actor:
    """Say as whom the server is called here.

    Raises:
        PersonMissing: it is called for persons, and none stands behind this call.
    """
    if entry.identity.acts_as == "service":
        return OURSELVES
    caller = current_caller()
    if caller.person is None:
        raise PersonMissing(f"{entry.name} is called on behalf of a person, and {caller.agent} acts for none")
    return Actor(caller.person, caller.agent)


def tokens_of(entry: ServerEntry, actor: Actor) -> Tokens | None:
    """Return what authenticates the actor at the server; None where the entry names no authorisation server.

    Raises:
        AddressRefused: the server's address would let others see the token on the way.
    """
    oauth, url = entry.identity.oauth, entry.url
    if oauth is None or url is None:
        return None
    if not is_safe(url):
        raise AddressRefused(f"{entry.name}: a token goes to an address with https:// only")
    kept = _kept.setdefault(asyncio.get_running_loop(), OrderedDict())
    key = (entry.name, url, oauth.model_dump_json(), actor)
    tokens = kept.setdefault(key, Tokens(oauth, resource=oauth.resource or url, actor=actor))
    kept.move_to_end(key)
    while len(kept) > KEPT:
        kept.popitem(last=False)
    return tokens
