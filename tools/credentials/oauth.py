"""Asking an authorisation server for an access token (OAuth 2.1): as ourselves, or on behalf of a person."""

from base64 import b64encode
from typing import Annotated, Self
from urllib.parse import quote_plus, urlsplit

import httpx
from mcp.client.auth.utils import (
    build_oauth_authorization_server_metadata_discovery_urls as places_of_metadata,
)
from mcp.client.auth.utils import issuers_match
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from tools.contracts import Table
from tools.credentials.assertions import Actor, client_assertion, person_assertion
from tools.credentials.fetching import fetch, url_of
from tools.credentials.redaction import redacted
from tools.credentials.references import Reference
from tools.credentials.signing import load_keys
from tools.errors import AddressRefused, NotSent, TokenRefused

ASSERTED_CLIENT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105  the name of a kind of token
JWT = "urn:ietf:params:oauth:token-type:jwt"

# What an authorisation server does not say about a token's life.
ASSUMED_LIFE_S = 300
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
SHOWN_CHARACTERS = 300


def is_safe(url: str) -> bool:
    """Say whether what we send there is seen by nobody on the way."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def _safe(url: str) -> str:
    parts = urlsplit(url)
    if not is_safe(url) or not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("an address begins with https:// and has no user, password, query or fragment")
    return url


Url = Annotated[str, AfterValidator(_safe)]


class OAuth(Table):
    """Where tokens for a server come from, and as which client we ask for them.

    Where `token_url` is not said, the `issuer` tells it (RFC 8414). `resource` is the server as its tokens
    name it (RFC 8707); not said, it is the server's address.
    """

    issuer: Url
    token_url: Url | None = None
    client_id: str = Field(min_length=1, max_length=500)
    client_secret: Reference | None = None
    private_key: Reference | None = None
    scope: str | None = Field(
        default=None, pattern=r"^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$"
    )
    resource: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _proves_who_we_are(self) -> Self:
        if (self.client_secret is None) == (self.private_key is None):
            raise ValueError("a client has either a client_secret or a private_key")
        return self


class Token(BaseModel):
    """What an authorisation server issued."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    access_token: SecretStr
    token_type: Annotated[str, Field(pattern=r"^(?i:bearer)$")]
    expires_in: int = Field(default=ASSUMED_LIFE_S, gt=0)
    issued_token_type: str = ACCESS_TOKEN

    @model_validator(mode="after")
    def _fits_into_a_header(self) -> Self:
        text = self.access_token.get_secret_value()
        if not text or not text.isascii() or not text.isprintable() or " " in text:
            raise ValueError("an access token is printable ASCII without spaces")
        if self.issued_token_type != ACCESS_TOKEN:
            raise ValueError("another kind of token was issued")
        return self


class _Metadata(BaseModel):
    """What an authorisation server says of itself, as far as we ask."""

    issuer: str
    token_endpoint: str


async def ask_for_token(oauth: OAuth, *, resource: str, actor: Actor) -> Token:
    """Ask for a token that only `resource` takes.

    Raises:
        TokenRefused: the authorisation server does not issue it.
        NotSent: it cannot be asked.
    """
    url = await _token_url(oauth)
    form = {"resource": resource, **({"scope": oauth.scope} if oauth.scope else {}), **_grant(oauth, actor)}
    form, headers = _as_client(oauth, form)
    request = httpx.Request("POST", url, data=form, headers={**headers, "Accept": "application/json"})
    answer = await fetch(request, operator=httpx.URL(oauth.token_url or oauth.issuer))
    if answer.status_code != httpx.codes.OK:
        sent = [form.get("subject_token"), form.get("client_assertion"), *headers.values()]
        raise _refusal(answer, [SecretStr(text) for text in sent if text] + _secrets(oauth))
    try:
        return Token.model_validate_json(answer.content)
    except ValidationError as error:
        place = ".".join(map(str, error.errors(include_input=False)[0]["loc"])) or "token"
        # Not `from error`: what stands in the answer belongs into no trace.
        raise TokenRefused(f"{url.host} answered with no usable {place}") from None


async def _token_url(oauth: OAuth) -> httpx.URL:
    """Return where tokens are asked for: as the operator wrote, else as the issuer says."""
    if oauth.token_url:
        return httpx.URL(oauth.token_url)
    issuer = httpx.URL(oauth.issuer)
    for place in places_of_metadata(oauth.issuer, oauth.issuer):
        answer = await fetch(httpx.Request("GET", place), operator=issuer)
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise NotSent(f"{issuer.host} answered {answer.status_code}")
        if answer.status_code != httpx.codes.OK:
            continue
        try:
            said = _Metadata.model_validate_json(answer.content)
        except ValidationError:
            continue
        if not issuers_match(said.issuer, oauth.issuer):
            raise TokenRefused(f"{issuer.host} says that it is the issuer {said.issuer[:SHOWN_CHARACTERS]!r}")
        return url_of(said.token_endpoint)
    raise TokenRefused(f"{issuer.host} does not say where it issues tokens: name a token_url")


def _grant(oauth: OAuth, actor: Actor) -> dict[str, str]:
    if actor.person is None:
        return {"grant_type": "client_credentials"}
    subject = person_assertion(actor, audience=oauth.issuer)
    return {
        "grant_type": EXCHANGE,
        "subject_token": subject.get_secret_value(),
        "subject_token_type": JWT,
        "requested_token_type": ACCESS_TOKEN,
    }


def _as_client(oauth: OAuth, form: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Add who is asking to the form or to the headers."""
    if oauth.private_key is not None:
        key = load_keys(oauth.private_key.resolve_text(_what(oauth)), place=oauth.private_key.place)[0]
        assertion = client_assertion(key, client_id=oauth.client_id, audience=oauth.issuer)
        asserted = {
            "client_assertion_type": ASSERTED_CLIENT,
            "client_assertion": assertion.get_secret_value(),
        }
        return {**form, **asserted, "client_id": oauth.client_id}, {}
    [secret] = _secrets(oauth)
    pair = f"{quote_plus(oauth.client_id)}:{quote_plus(secret.get_secret_value())}"
    return form, {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def _secrets(oauth: OAuth) -> list[SecretStr]:
    return [oauth.client_secret.resolve(_what(oauth))] if oauth.client_secret else []


def _what(oauth: OAuth) -> str:
    return f"client {oauth.client_id}"


def _refusal(answer: httpx.Response, secrets: list[SecretStr]) -> NotSent:
    """Say why there is no token; what we sent does not come back in the words of the other side."""
    host, status = answer.request.url.host, answer.status_code
    if answer.is_redirect:
        return AddressRefused(f"{host} sends the request for a token elsewhere")
    if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return NotSent(f"{host} answered {status} to the request for a token")
    words = redacted(_words(answer), secrets)[:SHOWN_CHARACTERS]
    return TokenRefused(f"{host} issues no token ({status}): {words}")


def _words(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return "it does not say why"
    told = [body.get(name) for name in ("error", "error_description")] if isinstance(body, dict) else []
    return ": ".join(str(text) for text in told if text) or "it does not say why"
