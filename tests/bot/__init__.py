"""Tests of the shell, each beside the module it is about."""
