"""`python -m albert_edge`: the same as `albert-edge`."""

from albert_edge.cli import main

if __name__ == "__main__":
    main()
