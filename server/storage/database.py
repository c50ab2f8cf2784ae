"""The connection pool and the one way to a transaction."""

import asyncio
import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from psycopg import AsyncConnection, OperationalError, ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import Error
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from server.errors import AttemptSuperseded, StartRefused, Unavailable
from server.storage.arrays import register as register_arrays
from server.storage.saver_writer import CheckpointWriter

Connection = AsyncConnection[DictRow]
Pool = AsyncConnectionPool[Connection]

OPEN_S = 10.0
RETRY_S = 1.0
FROZEN_S = 10  # how long a process that froze inside a transaction may hold its locks
# How long to wait for a server that says nothing at all; without effect on a Unix socket.
_PATIENCE = {"connect_timeout": 5, "keepalives_idle": 5, "keepalives_interval": 2, "tcp_user_timeout": 10_000}
_TIMES_TRANSACTIONS = 170_000  # the version of PostgreSQL from which on it has `transaction_timeout`
_SUPERSEDED = "ST001"  # raised by assert_attempt(), see migrations/0001_house.sql


def check_address(url: str) -> None:
    """Refuse an address that PostgreSQL's own library cannot read; its words repeat parts of it, ours do not.

    Raises:
        StartRefused: it is none.
    """
    try:
        conninfo_to_dict(url)
    except ProgrammingError:
        raise StartRefused("DATABASE_URL is not the address of a PostgreSQL database") from None


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Give the database's refusals and silences their names in this host.

    Raises:
        AttemptSuperseded: the fence refused a write, and with it the transaction.
        Unavailable: the database does not answer. Whether a commit under way took place is then unknown.
    """
    try:
        yield
    except (OperationalError, PoolTimeout) as error:
        raise Unavailable("the database does not answer") from error
    except Error as error:
        if error.sqlstate == _SUPERSEDED:
            raise AttemptSuperseded(error.diag.message_primary or "the attempt is superseded") from error
        raise


async def _check(connection: Connection) -> None:
    """Spare the next user of the pool a connection that the server has closed, without asking the server.

    A server that goes away says so, or its system does; only then there is something to read.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        await AsyncConnectionPool.check_connection(connection)


class Database:
    """A pool on one PostgreSQL database, shared by everything in this process.

    With `plan_once` a statement is planned once a connection and not for each of its arguments: for a process
    whose statements all find their rows by key. Planning is a fifth of what PostgreSQL does for a worker.
    """

    def __init__(self, url: str, *, size: int = 20, plan_once: bool = False) -> None:
        self.url = url
        self._plan_cache_mode = "force_generic_plan" if plan_once else "auto"
        self.pool: Pool = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=size,
            timeout=10,
            open=False,
            connection_class=AsyncConnection[DictRow],
            # What langgraph-checkpoint-postgres asks for.
            kwargs={"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row, **_PATIENCE},
            configure=self._configure,
            check=_check,
            # The pool would wait twice as long after each failure, up to minutes after the server is back.
            reconnect_timeout=RETRY_S,
            reconnect_failed=self._try_again,
        )
        self._tries: set[asyncio.Task[None]] = set()
        self.checkpoints = CheckpointWriter(self.pool)

    async def __aenter__(self) -> "Database":
        async with translated():
            await self.pool.open(wait=True, timeout=OPEN_S)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.pool.close()

    async def _configure(self, connection: Connection) -> None:
        """Set up a new connection. A process that freezes inside a transaction must not hold its locks."""
        register_arrays(connection.adapters)
        await connection.execute(
            "SELECT set_config('idle_in_transaction_session_timeout', %s, false),"
            " set_config('plan_cache_mode', %s, false)",
            (f"{FROZEN_S}s", self._plan_cache_mode),
        )

    async def _try_again(self, _: Pool) -> None:
        """Ask for a connection, for only then does a pool that has given up try once more."""
        task = asyncio.create_task(self._touch())
        self._tries.add(task)  # the event loop itself keeps no task alive
        task.add_done_callback(self._tries.discard)

    async def _touch(self) -> None:
        with suppress(OperationalError):
            async with self.pool.connection(timeout=2 * RETRY_S):
                pass

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Yield a connection inside one transaction; see `translated` for what it raises."""
        async with translated(), self.pool.connection() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def pipeline(self) -> AsyncIterator[Connection]:
        """Like `transaction`, but a statement leaves without waiting for the answer to the one before.

        What a statement found is known once its rows are fetched; `rowcount` says nothing. An error is raised
        by the next fetch, or at the end.
        """
        async with translated(), self.pool.connection() as connection:
            if connection.info.server_version < _TIMES_TRANSACTIONS:
                async with connection.transaction():
                    yield connection
                return
            try:
                async with connection.pipeline():
                    await connection.execute("BEGIN")
                    # To the server it is not idle: it waits for the pipeline's next statement.
                    await connection.execute(f"SET LOCAL transaction_timeout = '{FROZEN_S}s'".encode())
                    yield connection
                    await connection.execute("COMMIT")
            except BaseException:
                await connection.rollback()
                raise

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Yield a connection on which each statement is a transaction of its own: for one that reads."""
        async with translated(), self.pool.connection() as connection:
            yield connection

    async def connect(self, **options: Any) -> Connection:
        """Open a connection of its own, outside the pool, for a session lock or LISTEN."""
        return await AsyncConnection.connect(self.url, autocommit=True, row_factory=dict_row, **options)


async def is_reachable(database: Database) -> bool:
    """Say whether the database answers within two seconds."""
    try:
        async with asyncio.timeout(2), database.pool.connection() as connection:
            await connection.execute("SELECT 1")
    except (OperationalError, PoolTimeout, TimeoutError):
        return False
    return True
