"""Tests against a bucket of the user's own: `make live`. Not part of `make test`."""
