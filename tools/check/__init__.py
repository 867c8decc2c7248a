"""The checks of `make quick`, `make test`, `make test-board` and `make test-all`."""
