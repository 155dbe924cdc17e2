"""Surveys: the list, one being written, one being answered."""
