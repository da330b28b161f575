"""`python -m mnistcli` is the `mnistcli` command."""

from mnistcli.cli.app import main

if __name__ == "__main__":
    main()
