"""What servers.toml says of one tool: what a repeat does, how to ask whether it happened, what undoes it.

A path names a place in JSON by names and numbers, parted by dots: `orders.0.number`.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from tools.errors import BadAnswer, ReferenceMissing
from tools.ports import Contract

KEY_IN_META = "io.steward/idempotency-key"
"""Where the key of an effect stands in the `_meta` of its call."""

_STEPS = r"[^.\s]+(\.[^.\s]+)*$"
Path = Annotated[str, Field(pattern=f"^{_STEPS}")]
OfCall = Annotated[str, Field(pattern=rf"^arguments\.{_STEPS}")]
OfEffect = Annotated[str, Field(pattern=rf"^(arguments|receipt)\.{_STEPS}")]
# What answers hold, from the least to the most that must be kept from others.
DataClass = Literal["public", "internal", "confidential", "personal"]
Seconds = Annotated[float, Field(gt=0, le=3600)]
# What of a result is the answer: its structured content, or its text where a server sends nothing else.
AnswerForm = Literal["structure", "text", "json"]


class Table(BaseModel):
    """A table of servers.toml."""

    # A secret that was written where only its place belongs shall not stand in the error as well.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class Lookup(Table):
    """How to ask whether an effect happened, by something of its call that no other effect shares.

    `found` is where the answer says so: a list of what was found, or one, or null. `receipt` is what a step
    gets of it, field by field; all of it if nothing is said. `settle_s` is how long the system may take
    until a call that reached it shows.
    """

    tool: str
    arguments: dict[str, OfCall] = Field(min_length=1)
    found: Path
    receipt: dict[str, Path] = {}
    settle_s: Seconds

    def question(self, arguments: dict[str, JsonValue]) -> dict[str, JsonValue]:
        """Return what the look-up tool is called with.

        Raises:
            ReferenceMissing: the call lacks it.
        """
        try:
            return {name: pick({"arguments": arguments}, path) for name, path in self.arguments.items()}
        except LookupError as error:
            raise ReferenceMissing(f"{self.tool} cannot be asked: the call has no {error}") from error

    def receipts(self, answer: dict[str, JsonValue]) -> list[dict[str, JsonValue]]:
        """Return the receipt of each effect that the answer tells of.

        Raises:
            BadAnswer: it is not shaped like servers.toml says.
        """
        try:
            found = pick(answer, self.found)
            items = found if isinstance(found, list) else [] if found is None else [found]
            return [self._receipt(item) for item in items]
        except LookupError as error:
            raise BadAnswer(f"{self.tool} answered without {error}") from error

    def _receipt(self, item: JsonValue) -> dict[str, JsonValue]:
        if not isinstance(item, dict):
            raise BadAnswer(f"{self.tool} answered with something else than an object in {self.found}")
        return {name: pick(item, path) for name, path in self.receipt.items()} if self.receipt else item


class Compensation(Table):
    """What undoes an effect: a tool of the same server, and what of the effect it is called with."""

    tool: str
    arguments: dict[str, OfEffect]

    def call(self, arguments: dict[str, JsonValue], *, receipt: dict[str, JsonValue]) -> dict[str, JsonValue]:
        """Return what the undoing tool is called with.

        Raises:
            ReferenceMissing: the effect lacks it.
        """
        effect: dict[str, JsonValue] = {"arguments": arguments, "receipt": receipt}
        try:
            return {name: pick(effect, path) for name, path in self.arguments.items()}
        except LookupError as error:
            raise ReferenceMissing(f"{self.tool} cannot be called: the effect has no {error}") from error


class Page(Table):
    """How a list goes on: `next`, of one answer, is the argument of the next call, until it is null."""

    argument: str
    next: Path


class Record(Table):
    """Where a server lists what it did under keys of ours: a reading tool, its rows, and the key in each.

    A receipt with all the values of `left_nothing` says that the tool answered and did nothing.
    """

    tool: str
    rows: Path
    key: Path
    page: Page | None = None
    left_nothing: dict[Path, JsonValue] = {}

    def keys(self, answer: dict[str, JsonValue]) -> list[str]:
        """Return the keys of the rows that have one.

        Raises:
            BadAnswer: the answer is not shaped like servers.toml says.
        """
        try:
            rows = pick(answer, self.rows)
            found = [pick(row, self.key) for row in rows] if isinstance(rows, list) else None
        except LookupError as error:
            raise BadAnswer(f"{self.tool} answered without {error}") from error
        if found is None:
            raise BadAnswer(f"{self.tool} answered with something else than a list in {self.rows}")
        return [key for key in found if isinstance(key, str)]

    def next_page(self, answer: dict[str, JsonValue]) -> dict[str, JsonValue] | None:
        """Return what asks for the page behind this answer; None behind the last."""
        try:
            following = pick(answer, self.page.next) if self.page else None
        except LookupError:
            return None
        return {self.page.argument: following} if self.page and following is not None else None

    def lists(self, receipt: dict[str, JsonValue]) -> bool:
        """Say whether an effect with this receipt should stand in the list."""
        try:
            told = [pick(receipt, path) == value for path, value in self.left_nothing.items()]
        except LookupError:
            return True
        return not (told and all(told))


class Witness(Table):
    """A reading tool by whose answer a value is known: the latest one that it gave in the same case.

    `tool` is `server.tool`, `place` where its answer has the value. `same` maps further arguments of the call
    to places of the same answer: with them the two speak of one object. `within_s` is how old it may be.
    """

    tool: Annotated[str, Field(pattern=r"^[^.\s]+\.[^.\s]+$")]
    place: Path
    same: dict[Path, Path] = {}
    within_s: float = Field(default=86_400, gt=0, le=31_622_400)

    @property
    def name(self) -> str:
        return f"{self.tool}:{self.place}"

    def __str__(self) -> str:
        bound = "".join(f", for the same {argument}" for argument in self.same)
        return f"{self.name}{bound}, at most {self.within_s:g} s ago"


class ToolEntry(Table):
    """One tool; its class name alone stands for a table with nothing else.

    `refusals_are_final` says that an answer marked as an error always means that nothing happened. `answer`
    says what a step gets: `structure`, which is an error if it is missing, `text` as `{"text": ...}`, or text
    that is JSON as `{"json": ...}`. What is not said of `timeout_s` and `data_class` is as the server's entry
    says. `witnesses` are those of whom one must have answered an argument's value, by the argument's
    path. `duty` is what a call does to each of its business `objects`, which have a type and a place.
    """

    contract: Contract
    lookup: Lookup | None = None
    compensated_by: Compensation | None = None
    refusals_are_final: bool = False
    timeout_s: Seconds | None = None
    data_class: DataClass | None = None
    answer: AnswerForm = "structure"
    witnesses: dict[Path, Annotated[list[Witness], Field(min_length=1)]] = {}
    duty: str | None = None
    objects: dict[str, OfEffect] = {}

    @model_validator(mode="before")
    @classmethod
    def _of_its_name(cls, value: Any) -> Any:
        return {"contract": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _has_what_its_class_needs(self) -> Self:
        if (self.contract == "searchable") != (self.lookup is not None):
            raise ValueError("a searchable tool needs a lookup, and no other has one")
        if self.contract == "read" and self.compensated_by is not None:
            raise ValueError("reading leaves nothing to undo")
        if self.contract not in {"searchable", "blind"} and self.refusals_are_final:
            raise ValueError("refusals_are_final is for searchable and blind tools")
        if (self.duty is None) != (not self.objects) or (self.duty and self.contract == "read"):
            raise ValueError("a duty needs objects, objects need a duty, and reading is none")
        return self


def pick(value: JsonValue, path: str) -> JsonValue:
    """Return what stands at the path.

    Raises:
        LookupError: nothing does; its message is the path.
    """
    for step in path.split("."):
        try:
            value = value[int(step)] if isinstance(value, list) else value[step]  # type: ignore[index]  # what has no such place raises
        except (LookupError, TypeError, ValueError):
            raise LookupError(path) from None
    return value
