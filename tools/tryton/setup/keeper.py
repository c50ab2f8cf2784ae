"""Run a command until it ends or standard input closes: `python -m tools.tryton.setup.keeper COMMAND...`.

Whoever holds the other end of the input may die in any way: what it started ends with it.
"""

import os
import subprocess
import sys
import threading

END_S = 10.0


def main() -> None:
    with subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL) as process:
        threading.Thread(target=_end_with_stdin, args=(process,), daemon=True).start()
        sys.exit(process.wait())


def _end_with_stdin(process: subprocess.Popen[bytes]) -> None:
    # Not through `sys.stdin`, whose lock this thread would hold when the program ends.
    while os.read(0, 1024):
        pass
    process.terminate()
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()


if __name__ == "__main__":
    main()
