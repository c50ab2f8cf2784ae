"""`python -m server` is the command line `steward`, from a checkout."""

from server.cli import main

if __name__ == "__main__":
    main()
