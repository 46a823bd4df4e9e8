"""E-mail: a server that speaks SMTP on a socket and in process, and the mailboxes behind it."""
