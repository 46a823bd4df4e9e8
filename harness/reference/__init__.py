"""The reference system under test: the insurer's back end and its two apps, with their own state and checks.

It knows the outside world by addresses and keys alone: HTTP, SMTP, and what an operating system gives an app.
"""
