"""Codes in DHIS2: which go where (`places`), what it knows of each (`links`), sending, and reading what is there."""
