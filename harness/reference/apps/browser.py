"""The browser in which a link from a mail is opened."""

from __future__ import annotations

import requests

from harness.reference.declined import Declined

REASONS = {404: "link_invalid", 409: "link_used", 410: "link_expired"}
TIMEOUT = 5.0


class Browser:
    """Opens pages of one site and presses their button."""

    def __init__(self, site: str) -> None:
        self._site = f"{site.rstrip('/')}/"
        self._session = requests.Session()
        self._session.trust_env = False

    def close(self) -> None:
        self._session.close()

    def confirm(self, link: str) -> None:
        """Open a confirmation page and press its button. Raises `Declined`; a link elsewhere is not opened at all."""
        if not link.startswith(self._site):
            raise Declined("link_invalid")
        for method in ("GET", "POST"):
            try:
                status = self._session.request(method, link, timeout=TIMEOUT, allow_redirects=False).status_code
            except (requests.RequestException, ValueError) as error:
                raise Declined("link_invalid") from error
            if status != 200:
                raise Declined(REASONS.get(status, "link_invalid"))
