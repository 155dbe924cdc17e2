"""Notices to many: the list, one being written, one going out."""
