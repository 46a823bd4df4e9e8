"""The only part of the world, with the doors, that does I/O: loop, HTTP, TCP. Knows no device."""
