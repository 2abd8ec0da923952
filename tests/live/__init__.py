"""Tests against a bucket or container of the user's own: `make live`. Not part of `make test`."""
