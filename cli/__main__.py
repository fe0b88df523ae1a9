"""`python -m cli`: the command `hub` where it is not installed."""

from cli.main import main

main()
