"""One file in which anybody checks a record and its receipt in a browser: `check.html`, here and at `/check`.

Its parts are in `source`; `build` puts them together, and a test holds the file to them.
"""
