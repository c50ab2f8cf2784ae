"""An authorisation server on Authlib: `authorisation_server.py FOLDER PORT`.

It knows the clients in FOLDER/clients.json, believes the assertions of `issuers` there about persons, and
writes each request for a token as a line into FOLDER/requests. It issues JWTs for the resource that is asked
for, and says that they live as long as FOLDER/lifetime_s says. While FOLDER/fail holds a status, it answers
with that and with everything that it was sent. FOLDER/seen lists every assertion and token that it saw.
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import jwt
import uvicorn
from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Request
from authlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidRequestError, InvalidScopeError
from authlib.oauth2.rfc6749.grants import BaseGrant, ClientCredentialsGrant, TokenEndpointMixin
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

folder, port = Path(sys.argv[1]), int(sys.argv[2])
ISSUER = f"http://127.0.0.1:{port}"
KEY = ec.generate_private_key(ec.SECP256R1())
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT_TYPE = "urn:ietf:params:oauth:token-type:jwt"
METHODS = ["client_secret_basic", "private_key_jwt"]


def known():
    return json.loads((folder / "clients.json").read_text())


class Client(ClientMixin):
    """A client as the file describes it."""

    def __init__(self, client_id, entry):
        self.client_id, self.entry = client_id, entry

    def get_client_id(self):
        return self.client_id

    def check_client_secret(self, client_secret):
        return client_secret == self.entry.get("secret")

    def check_endpoint_auth_method(self, method, endpoint):
        return method == ("private_key_jwt" if "key" in self.entry else "client_secret_basic")

    def check_grant_type(self, grant_type):
        return grant_type in self.entry.get("grants", ["client_credentials", EXCHANGE])

    def get_allowed_scope(self, scope):
        return scope


class Asserted(JWTBearerClientAssertion):
    """Clients that sign who they are."""

    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self):
        super().__init__()
        self.used = set()

    def get_audiences(self):
        return [ISSUER]

    def resolve_client_public_key(self, client):
        return client.entry["key"]

    def validate_jti(self, claims, jti):
        fresh = jti not in self.used
        self.used.add(jti)
        return fresh


class Request(OAuth2Request):
    """A request whose form was read already."""

    def __init__(self, method, uri, *, form, headers):
        super().__init__(method, uri, headers=headers)
        self.payload = BasicOAuth2Payload(form)
        self._form = form

    @property
    def form(self):
        return self._form


class Credentials(ClientCredentialsGrant):
    """A service that asks for itself."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def validate_requested_scope(self):
        allowed(self)


class Exchange(BaseGrant, TokenEndpointMixin):
    """A service that asks for a person (RFC 8693)."""

    GRANT_TYPE = EXCHANGE
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def validate_token_request(self):
        self.request.client = self.authenticate_token_endpoint_client()
        form = self.request.form
        if form.get("subject_token_type") != JWT_TYPE:
            raise InvalidRequestError("what kind of token is that?")
        allowed(self)
        self.request.user = self.believe(form.get("subject_token", ""))

    def believe(self, token):
        try:
            issuer = jwt.decode(token, options={"verify_signature": False})["iss"]
            kid = jwt.get_unverified_header(token)["kid"]
            keys = json.loads(Path(known()["issuers"][issuer]).read_text())["keys"]
            key = jwt.PyJWK(next(key for key in keys if key["kid"] == kid))
            needed = {"require": ["exp", "iat", "sub", "jti"]}
            return jwt.decode(token, key, [key.algorithm_name], audience=ISSUER, options=needed)
        except (jwt.PyJWTError, KeyError, StopIteration) as error:
            raise InvalidGrantError(f"nobody believes that: {type(error).__name__}") from error

    def create_token_response(self):
        token = self.generate_token(user=self.request.user, scope=self.request.payload.scope)
        kind = "urn:ietf:params:oauth:token-type:access_token"
        return 200, {**token, "issued_token_type": kind}, self.TOKEN_RESPONSE_HEADER


def allowed(grant):
    forbidden = set((grant.request.payload.scope or "").split()) & {"forbidden"}
    if forbidden:
        raise InvalidScopeError()


class Server(AuthorizationServer):
    """Authlib's server, without a framework of its own."""

    def query_client(self, client_id):
        entry = known()["clients"].get(client_id)
        return Client(client_id, entry) if entry else None

    def save_token(self, token, request):
        """Keep nothing: a JWT speaks for itself."""

    def create_oauth2_request(self, request):
        return request

    def handle_response(self, status, body, headers):
        return status, body, dict(headers)

    def send_signal(self, name, *args, **kwargs):
        """Tell nobody."""


def lifetime_s():
    file = folder / "lifetime_s"
    return int(file.read_text()) if file.exists() else 3600


server = Server()
server.register_grant(Credentials)
server.register_grant(Exchange)
server.register_client_auth_method("private_key_jwt", Asserted())


def issue(request, client, user):
    """Return the answer to a request that was granted."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "sub": user["sub"] if user else client.get_client_id(),
        "aud": request.form.get("resource", "nowhere"),
        "client_id": client.get_client_id(),
        "scope": request.form.get("scope", ""),
        "iat": now,
        "exp": now + 3600,
        "jti": os.urandom(8).hex(),
        **({"act": user["act"]} if user and "act" in user else {}),
    }
    headers = {"kid": "as"}
    token = jwt.encode(claims, KEY, "ES256", headers=headers)
    note_seen(token)
    return {"access_token": token, "token_type": "Bearer", "expires_in": lifetime_s()}


def note_seen(*secrets):
    with (folder / "seen").open("a") as file:
        file.writelines(f"{secret}\n" for secret in secrets if secret)


async def token(request):
    form = dict(await request.form())
    note_seen(form.get("subject_token"), form.get("client_assertion"))
    with (folder / "requests").open("a") as file:
        shown = {name: form.get(name) for name in ("grant_type", "resource", "scope")}
        file.write(json.dumps(shown) + "\n")
    fail = folder / "fail"
    if fail.exists():
        echo = f"{dict(request.headers)} {form}"
        body = {"error": "invalid_client", "error_description": echo}
        return JSONResponse(body, int(fail.read_text()))
    asked = Request("POST", str(request.url), form=form, headers=request.headers)
    server.register_token_generator("default", lambda client, user, **_: issue(asked, client, user))
    status, body, headers = server.create_token_response(asked)
    return JSONResponse(body if isinstance(body, dict) else dict(body), status, headers)


async def metadata(request):
    document = {
        "issuer": ISSUER,
        "token_endpoint": (folder / "token_endpoint").read_text()
        if (folder / "token_endpoint").exists()
        else f"{ISSUER}/token",
        "jwks_uri": f"{ISSUER}/jwks",
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": METHODS,
    }
    return JSONResponse(document)


async def jwks(request):
    key = {**ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "as", "alg": "ES256"}
    return JSONResponse({"keys": [key]})


async def alive(request):
    return PlainTextResponse("ok")


app = Starlette(
    routes=[
        Route("/", alive),
        Route("/token", token, methods=["POST"]),
        Route("/.well-known/oauth-authorization-server", metadata),
        Route("/jwks", jwks),
    ]
)

if __name__ == "__main__":
    uvicorn.run(app, port=port, log_level="critical")
