"""The process that keeps a private PostgreSQL: it starts the server, and ends it after its last user.

Every user holds a shared lock on the lease file, and the kernel takes it back however a user ends. The keeper
waits for the exclusive one. Once it has that, nobody is left, and nobody gets in until the server is down.

Every start waits for this, so it runs as a script without site-packages, and imports nothing of ours.
"""

import ctypes
import fcntl
import os
import signal
import sys
import threading
import time
from pathlib import Path

SHUTDOWN_S = 30  # for the last checkpoint; after it the server is cut off and recovers at its next start


def main(lease: str, sockets: str, uid: str, gid: str, *command: str) -> None:
    """Keep the server that `command` starts, as account `uid`, for as long as someone holds the lease.

    The descriptors that the starter passed stay open, here and in the server, and with them the server lock.
    `sockets` is a directory to remove at the end, or empty.
    """
    os.setsid()  # a Ctrl-C in the terminal is for the user, who may still want to write
    if os.fork():
        return
    server = os.fork()
    if server == 0:
        _become_server(int(uid), int(gid), command)
    threading.Thread(target=_end_after_last_user, args=(lease, server), daemon=True).start()
    os.waitpid(server, 0)
    if sockets:
        Path(sockets).rmdir()


def _become_server(uid: int, gid: int, command: tuple[str, ...]) -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":  # elsewhere a killed keeper leaves the server to whoever starts next
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGINT)
    os.execv(command[0], command)  # noqa: S606  a shell would only stand between the keeper and its server


def _end_after_last_user(lease: str, server: int) -> None:
    with Path(lease).open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        os.kill(server, signal.SIGINT)
        time.sleep(SHUTDOWN_S)
        os.kill(server, signal.SIGQUIT)
        time.sleep(SHUTDOWN_S)  # the lease stays taken until the main thread has seen the server end


if __name__ == "__main__":
    main(*sys.argv[1:])
