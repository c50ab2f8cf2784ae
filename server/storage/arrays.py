"""Arrays in PostgreSQL's binary format, made in one go: psycopg looks at every element several times."""

import struct
from collections.abc import Iterable
from typing import Any, ClassVar
from uuid import UUID

from psycopg import postgres
from psycopg.abc import AdaptContext
from psycopg.adapt import AdaptersMap, Dumper
from psycopg.pq import Format

_HEAD = struct.Struct(
    "!iiIii"
)  # dimensions, whether nulls are in it, type of the elements, length, first index
_EMPTY = struct.Struct("!iiI")  # the same without a dimension
_LENGTH = struct.Struct("!i")


class Array:
    """Values, none of them null, as one parameter of a statement. A subclass says of which type they are."""

    type: ClassVar[str]

    def __init__(self, values: Iterable[Any]) -> None:
        self.values = values

    @staticmethod
    def encode(value: Any) -> bytes:
        """Return the value as the server's function for receiving its type reads it."""
        raise NotImplementedError


class Bytes(Array):
    """Of type bytea."""

    type = "bytea"

    @staticmethod
    def encode(value: bytes) -> bytes:
        return value


class Integers(Array):
    """Of type int4."""

    type = "int4"

    @staticmethod
    def encode(value: int) -> bytes:
        return _LENGTH.pack(value)


class Texts(Array):
    """Of type text."""

    type = "text"

    @staticmethod
    def encode(value: str) -> bytes:
        return value.encode()


class Uuids(Array):
    """Of type uuid."""

    type = "uuid"

    @staticmethod
    def encode(value: UUID) -> bytes:
        return value.bytes


class _ArrayDumper(Dumper):
    """Writes an array as the server's `array_recv` reads it."""

    format = Format.BINARY

    def __init__(self, cls: type[Array], context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        element = postgres.types[cls.type]
        self.oid, self._element_oid = element.array_oid, element.oid
        self._encode = cls.encode

    def dump(self, obj: Array) -> bytes:
        parts: list[bytes] = []
        for item in map(self._encode, obj.values):
            parts += (_LENGTH.pack(len(item)), item)
        length = len(parts) // 2
        if length == 0:
            return _EMPTY.pack(0, 0, self._element_oid)
        return _HEAD.pack(1, 0, self._element_oid, length, 1) + b"".join(parts)


def register(adapters: AdaptersMap) -> None:
    """Let connections take these arrays as parameters."""
    for cls in (Bytes, Integers, Texts, Uuids):
        adapters.register_dumper(cls, _ArrayDumper)
