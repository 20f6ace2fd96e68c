"""An HTTP request and answer, without sockets."""

import json
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from .errors import AwsError


@dataclass(frozen=True)
class Request:
    method: str
    target: str    # as sent: path and query, nothing decoded
    headers: list  # of (name, value), as sent
    body: bytes

    @property
    def path(self):
        return self.target.partition("?")[0]

    @property
    def query(self):
        return self.target.partition("?")[2]

    def header(self, name):
        """The value, None if absent; several are joined as HTTP says."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def parameters(self):
        """Query protocol: parameters of a form POST, or of the query of a GET."""
        text = self.body if self.method == "POST" else self.query.encode()
        try:
            pairs = parse_qsl(text.decode("utf-8"), keep_blank_values=True,
                              strict_parsing=bool(text), errors="strict")
        except ValueError as problem:
            raise AwsError("MalformedQueryString",
                           "Keys may not contain <, and the form must be parsable", 404,
                           f"cannot parse the form: {type(problem).__name__}") from problem
        if len(dict(pairs)) != len(pairs):
            raise AwsError("InvalidQueryParameter", "a parameter occurs twice", 400)
        return dict(pairs)


@dataclass
class Response:
    status: int
    body: bytes = b""
    headers: dict = field(default_factory=dict)


def json_response(status, value, content_type="application/json", headers=None):
    return Response(status, json.dumps(value).encode(),
                    {"Content-Type": content_type, **(headers or {})})


def text_response(status, text, content_type="text/plain"):
    return Response(status, text.encode(), {"Content-Type": content_type})
