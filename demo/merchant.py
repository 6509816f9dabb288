"""A merchant in a browser: signs in with a link and fills in the settings page, form and all."""

from collections.abc import Iterable
from html.parser import HTMLParser

import requests

from demo.stage import Trouble

Pairs = list[tuple[str, str]]


class SettingsForm(HTMLParser):
    """Reads what a browser would send of the one form that has a field of that name."""

    def __init__(self, field: str) -> None:
        super().__init__()
        self.pairs: Pairs = []
        self._field = field
        self._open: Pairs = []

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        """Note an input as a browser would."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = []
        elif tag == "input" and "name" in given:
            ticks = given.get("type") in ("checkbox", "radio")
            if not ticks or "checked" in given:
                self._open.append((given["name"], given.get("value", "on")))

    def handle_endtag(self, tag: str) -> None:
        """Keep the form if it is the one."""
        if tag == "form" and any(name == self._field for name, _ in self._open):
            self.pairs = self._open


class Merchant:
    """One browser, signed in to one store."""

    def __init__(self, web_url: str, signin_url: str) -> None:
        self._web = web_url
        self._browser = requests.Session()
        self._page("POST", signin_url)

    def setting(self, name: str) -> str:
        """What the settings page shows in a field."""
        return dict(self._form(name))[name]

    def change_setting(self, name: str, value: str) -> None:
        """Fill in one field and save the page."""
        filled = [(field, value if field == name else was) for field, was in self._form(name)]
        self._page("POST", f"{self._web}/settings", filled)

    def _form(self, field: str) -> Pairs:
        form = SettingsForm(field)
        form.feed(self._page("GET", f"{self._web}/settings"))
        if not form.pairs:
            raise Trouble(f"The settings page has no field {field}.")
        return form.pairs

    def _page(self, method: str, url: str, filled: Pairs | None = None) -> str:
        answer = self._browser.request(method, url, data=filled, timeout=10)
        if answer.status_code != 200:
            raise Trouble(f"Waitline answered {answer.status_code} to {method} {url}.")
        return answer.text
