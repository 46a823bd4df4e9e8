"""The control API: worlds, people, faults, time and journal over HTTP, described in OpenAPI."""
