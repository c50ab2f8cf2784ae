"""Keys that we sign with, and their public halves as others read them (JWKS)."""

import hashlib
import json
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from pydantic import SecretStr

from tools.errors import SecretMissing

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.+?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL)
# What a key's name is computed from, by RFC 7638.
_NAMING = ("crv", "e", "kty", "n", "x", "y")


@dataclass(frozen=True)
class SigningKey:
    """A private key; `public` is its other half as a JWK, under the name that its signatures carry."""

    private: PrivateKey = field(repr=False)
    algorithm: str
    public: dict[str, Any]

    def sign(self, claims: dict[str, Any]) -> SecretStr:
        """Return a JWT of the claims."""
        headers = {"kid": self.public["kid"]}
        return SecretStr(jwt.encode(claims, self.private, algorithm=self.algorithm, headers=headers))


def load_keys(text: SecretStr, *, place: str) -> list[SigningKey]:
    """Read the PEM private keys of a text; `place` is where it came from.

    Raises:
        SecretMissing: there is none, or one is of a kind that we do not sign with.
    """
    found = [_key(pem) for pem in _PEM.findall(text.get_secret_value())]
    keys = [key for key in found if key is not None]
    if not keys or len(keys) < len(found):
        raise SecretMissing(f"{place} must hold private keys in PEM: RSA, P-256 or Ed25519, without password")
    return keys


def _key(pem: str) -> SigningKey | None:
    try:
        private = load_pem_private_key(pem.encode(), password=None)
    except (TypeError, ValueError):
        return None
    if isinstance(private, rsa.RSAPrivateKey):
        return _named(private, "RS256", RSAAlgorithm.to_jwk(private.public_key(), as_dict=True))
    if isinstance(private, ec.EllipticCurvePrivateKey) and isinstance(private.curve, ec.SECP256R1):
        return _named(private, "ES256", ECAlgorithm.to_jwk(private.public_key(), as_dict=True))
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return _named(private, "EdDSA", OKPAlgorithm.to_jwk(private.public_key(), as_dict=True))
    return None


def _named(private: PrivateKey, algorithm: str, jwk: dict[str, Any]) -> SigningKey:
    public = {name: jwk[name] for name in _NAMING if name in jwk}
    canonical = json.dumps(public, sort_keys=True, separators=(",", ":")).encode()
    name = urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()
    return SigningKey(private, algorithm, {**public, "kid": name, "use": "sig", "alg": algorithm})
