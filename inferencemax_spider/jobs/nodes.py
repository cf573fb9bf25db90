"""Scrapyd's nodes: which there are, and how they are asked over HTTP."""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
from collections.abc import Mapping, Sequence
from configparser import ConfigParser
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from scrapy.utils.conf import get_config

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.jobs.order import Order

NODES, USER, PASSWORD = "INFERENCEMAX_NODES", "INFERENCEMAX_SCRAPYD_USER", "INFERENCEMAX_SCRAPYD_PASSWORD"
FORM = "application/x-www-form-urlencoded"
SECONDS = 120
"""How long a node may take for an answer: before some, it starts a process that lists the spiders."""
LARGEST = 16 * 1024 * 1024
"""Bytes of an answer that are read at most."""


@dataclass(frozen=True)
class Node:
    """A Scrapyd daemon at *url*, which has no trailing slash; *authorization* is the header of that name.

    It is given up when it has said nothing for so many *seconds*.
    """

    url: str
    authorization: str | None = field(default=None, repr=False)
    seconds: float = SECONDS

    def jobs(self, project: str) -> dict[str, list[dict[str, Any]]]:
        """Return its jobs by state: ``pending``, ``running`` and ``finished``, each as Scrapyd describes it."""
        answer = self._answer("GET", f"/listjobs.json?{urlencode({'project': project})}")
        try:
            return {state: list(answer[state]) for state in ("pending", "running", "finished")}
        except (KeyError, TypeError):
            raise OperationalError(f"{self.url} does not answer as Scrapyd does") from None

    def schedule(self, project: str, order: Order) -> None:
        """Have it run what *order* says. It does not look whether it has such a job: see :mod:`.order`."""
        form = [("project", project), ("spider", order.spider), ("jobid", order.id), *order.arguments.items()]
        settings = [("setting", f"{name}={value}") for name, value in order.settings.items()]
        self.post("schedule", urlencode(form + settings).encode())

    def cancel(self, project: str, job: str) -> str | None:
        """Cancel a *job*; return the state that it had, ``None`` if there is nothing to cancel."""
        answer = self.post("cancel", urlencode({"project": project, "job": job}).encode())
        return answer.get("prevstate")

    def versions(self, project: str) -> list[str]:
        """Return the versions of *project* that were put on it."""
        return list(self._answer("GET", f"/listversions.json?{urlencode({'project': project})}").get("versions", ()))

    def post(self, service: str, body: bytes, content_type: str = FORM) -> dict[str, Any]:
        """Post *body* to a *service*; return the answer.

        Raises:
            OperationalError: the node cannot be reached, or says that it could not be done.
        """
        return self._answer("POST", f"/{service}.json", body, {"Content-Type": content_type})

    def document(self, path: str) -> dict[str, Any] | None:
        """Return the JSON object that it serves at *path*, ``None`` if it serves none.

        Raises:
            OperationalError: the node cannot be reached.
        """
        status, body = self._ask("GET", path)
        return _object(body) if status == 200 else None  # noqa: PLR2004 - HTTP's

    def _answer(self, *request: Any) -> dict[str, Any]:
        status, body = self._ask(*request)
        if status == 401:  # noqa: PLR2004 - HTTP's
            raise OperationalError(f"{self.url} refuses the user and password; set {USER} and {PASSWORD}")
        if (answer := _object(body)) is None:
            raise OperationalError(f"{self.url} does not answer as Scrapyd does: HTTP status {status}")
        if answer.get("status") != "ok":
            raise OperationalError(f"{self.url} says: {_gist(answer.get('message'))}")
        return answer

    def _ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Return status and body of the answer. Redirects are not followed: nobody else is told the password."""
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        assert parts.hostname
        connection = kind(parts.hostname, parts.port, timeout=self.seconds)
        own = {"Authorization": self.authorization} if self.authorization else {}
        try:
            connection.request(method, parts.path + path, body, {**own, **(headers or {})})
            response = connection.getresponse()
            return response.status, response.read(LARGEST)
        except (OSError, HTTPException) as error:
            cause = str(error) or type(error).__name__
            raise OperationalError(f"{self.url} cannot be reached: {cause}; is Scrapyd running there?") from None
        finally:
            connection.close()


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that names nodes to a command."""
    parser.add_argument(
        "--node",
        action="append",
        default=[],
        metavar="URL",
        help=f"Scrapyd node, or deploy target of scrapy.cfg (may be repeated; default: {NODES}, then all targets)",
    )


def configured(given: Sequence[str], environment: Mapping[str, str] = os.environ) -> list[Node]:
    """Return the nodes: those *given* (URLs, or names of deploy targets), else of the environment, else all targets.

    Raises:
        ArgumentError: a URL is none, or there are no nodes.
    """
    targets = _targets(get_config())
    named = given or re.split(r"[\s,]+", environment.get(NODES, "").strip())
    urls = [targets.get(name, name) for name in named if name] or list(targets.values())
    if not urls:
        raise ArgumentError(f"no node is known; give --node URL, set {NODES}, or add a deploy target to scrapy.cfg")
    authorization = _authorization(environment)
    return [Node(url, authorization) for url in dict.fromkeys(map(_checked, urls))]


def _targets(config: ConfigParser) -> dict[str, str]:
    """Return the URLs of the deploy targets of ``scrapy.cfg`` by name; that without a name is ``default``."""
    sections = [name for name in config.sections() if name.partition(":")[0] == "deploy"]
    return {name.partition(":")[2] or "default": config[name]["url"] for name in sections if "url" in config[name]}


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise ArgumentError(f"the URL of a node must not carry a user or password; set {USER} and {PASSWORD}")
    if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"[?#\s]", url):
        raise ArgumentError(f"{url!r} is neither the URL of a node, such as http://127.0.0.1:6800, nor a deploy target")
    try:
        _ = parts.port
    except ValueError as error:
        raise ArgumentError(f"{url!r} is no URL of a node: {error}") from None
    return url.rstrip("/")


def _authorization(environment: Mapping[str, str]) -> str | None:
    user, password = environment.get(USER), environment.get(PASSWORD)
    if not user or not password:
        return None
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def _object(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object that *body* is."""
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _gist(message: object) -> str:
    """Return the last line of a *message*, which may be a traceback."""
    lines = str(message).strip().splitlines()
    return lines[-1] if lines else "no reason"
