"""How we present ourselves to a tool server: by secrets that servers.toml refers to and never holds."""

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, StringConstraints, field_validator, model_validator

from tools.contracts import Table
from tools.credentials.oauth import OAuth
from tools.credentials.references import Reference, VariableName

HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", max_length=200)]

# What the transport itself says in a header; ours would make it say something else.
_OF_THE_TRANSPORT = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "content-type", "host", "last-event-id"}
    | {"mcp-protocol-version", "mcp-session-id", "te", "trailer", "transfer-encoding", "upgrade"}
)


class Identity(Table):
    """What a server learns of who is calling.

    `headers` go with every request to a server that is reached over HTTP; `variables` are set in the
    environment of one that we start. With `oauth`, requests carry an access token besides: ours, or, if
    we act as a `person`, one of whoever started the case.
    """

    headers: dict[HeaderName, Reference] = Field(default={})
    variables: dict[VariableName, Reference] = Field(default={})
    oauth: OAuth | None = None
    acts_as: Literal["service", "person"] = "service"

    @field_validator("headers")
    @classmethod
    def _leaves_the_transport_alone(cls, headers: dict[str, Reference]) -> dict[str, Reference]:
        if taken := sorted(name for name in headers if name.lower() in _OF_THE_TRANSPORT):
            raise ValueError(f"the transport itself sets {', '.join(taken)}")
        return headers

    @field_validator("variables")
    @classmethod
    def _are_bare(cls, variables: dict[str, Reference]) -> dict[str, Reference]:
        if any(reference.scheme for reference in variables.values()):
            raise ValueError("only a header has a scheme")
        return variables

    @model_validator(mode="after")
    def _has_one_authorization(self) -> Self:
        if self.oauth and "authorization" in {name.lower() for name in self.headers}:
            raise ValueError("a token goes into the header Authorization, so that nothing else does")
        if self.acts_as == "person" and self.oauth is None:
            raise ValueError("only a token can say for which person we act: it needs oauth")
        return self

    @property
    def described(self) -> str:
        """Say how we present ourselves, without a secret."""
        headers = [f"header {name}" for name in self.headers]
        token = [f"token of {self.oauth.issuer} for the {self.acts_as}"] if self.oauth else []
        return ", ".join([*headers, *(f"variable {name}" for name in self.variables), *token]) or "none"

    @property
    def stamp(self) -> tuple[int, ...]:
        """Return what changes when a file with a secret does: a session from before then is of no use."""
        return tuple(reference.stamp for reference in (*self.headers.values(), *self.variables.values()))

    def secrets(self, server: str) -> list[SecretStr]:
        """Read the secrets themselves, without their schemes; raises as `resolved_headers`."""
        bare = [
            one.model_copy(update={"scheme": None})
            for one in (*self.headers.values(), *self.variables.values())
        ]
        return [reference.resolve(f"{server}: {reference.place}") for reference in bare]

    def resolved_headers(self, server: str) -> dict[str, str]:
        """Read the secrets of the headers.

        Raises:
            SecretMissing: one of them cannot be read.
        """
        return _resolved(self.headers, what=f"{server}: header")

    def resolved_variables(self, server: str) -> dict[str, str]:
        """Read the secrets of the variables; raises as `resolved_headers`."""
        return _resolved(self.variables, what=f"{server}: variable")


def _resolved(references: dict[str, Reference], *, what: str) -> dict[str, str]:
    return {
        name: reference.resolve(f"{what} {name}").get_secret_value() for name, reference in references.items()
    }
