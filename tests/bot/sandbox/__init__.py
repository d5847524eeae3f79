"""Tests of the stand-in for Meta."""
