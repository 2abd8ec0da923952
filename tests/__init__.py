"""Tests across the packages, and the servers that they run against."""
