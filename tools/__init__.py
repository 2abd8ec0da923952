"""Tools of this repository; run them from its root, mostly by `make`."""
