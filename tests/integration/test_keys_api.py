"""The keys that the host shows, and the host that does not start without one that it should have."""

import subprocess
import sys

import httpx
import jwt
import pytest
from conftest import ROOT, running_host
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from identities import STEWARD, pem

from tools.credentials.assertions import ISSUER_VARIABLE, KEY_VARIABLE, Actor, person_assertion


@pytest.fixture
def key_file(tmp_path, monkeypatch):
    file = tmp_path / "keys.pem"
    file.write_text(pem(ec.generate_private_key(ec.SECP256R1())) + pem(ed25519.Ed25519PrivateKey.generate()))
    monkeypatch.setenv(KEY_VARIABLE, str(file))
    monkeypatch.setenv(ISSUER_VARIABLE, STEWARD)
    return file


def test_the_host_shows_the_public_halves_of_all_its_keys_and_signs_with_the_first(
    database_url, tmp_path, key_file
):
    with running_host(database_url, tmp_path, "--no-worker") as address:
        shown = httpx.get(f"{address}/.well-known/jwks.json").raise_for_status().json()["keys"]

    token = person_assertion(Actor("anna", "process/pay"), audience="https://login.example.com")
    believed = jwt.decode(
        token.get_secret_value(),
        jwt.PyJWK(shown[0]),
        audience="https://login.example.com",
        issuer=STEWARD,
        options={"require": ["exp", "iat", "jti"]},
    )
    assert (believed["sub"], believed["act"]) == ("anna", {"sub": "process/pay"})
    assert believed["exp"] - believed["iat"] == 60
    assert [(key["kty"], key["alg"]) for key in shown] == [("EC", "ES256"), ("OKP", "EdDSA")]
    assert not any("d" in key for key in shown)


def test_a_host_without_the_key_that_it_should_have_does_not_start(database_url, tmp_path, key_file):
    key_file.write_text("no key")

    ended = subprocess.run(
        [sys.executable, "-m", "server", "serve", "--dev", "--port", "0"],
        cwd=ROOT,
        env={
            "DATABASE_URL": database_url,
            "STEWARD_DATA": str(tmp_path),
            KEY_VARIABLE: str(key_file),
            "PATH": "",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode not in {0, -9}
    assert f"{KEY_VARIABLE}: {key_file} must hold private keys in PEM" in ended.stderr
