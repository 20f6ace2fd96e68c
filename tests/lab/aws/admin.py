"""The lab's own API under /_lab/: what a test turns and reads."""

import json

from .messages import Response, json_response
from .world_model import WorldError


class _BadRequest(Exception):
    pass


def answer(request, lab):
    name = request.path[len("/_lab/"):]
    handler = _HANDLERS.get((request.method, name))
    if handler is None:
        known = sorted(f"{method} /_lab/{path}" for method, path in _HANDLERS)
        return json_response(404, {"error": f"no {request.method} {request.path}", "known": known})
    try:
        body = json.loads(request.body) if request.body else None
        result = handler(lab, body)
    except (WorldError, _BadRequest, ValueError, KeyError, TypeError, AttributeError) as problem:
        return json_response(400, {"error": f"{type(problem).__name__}: {problem}"})
    return Response(204) if result is None else json_response(200, result)


def _put_world(lab, body):
    lab.replace_world(body)


def _patch_world(lab, body):
    """Replace whole top-level sections, keep the others."""
    lab.replace_world({**lab.world.document, **body})


def _clock(lab, body):
    lab.clock.shift_to(body["offset_seconds"])
    return _get_clock(lab, None)


def _get_clock(lab, _body):
    return {"now": lab.clock.now(), "offset_seconds": lab.clock.offset}


def _expire(lab, body):
    """{"access_key_id": ...} | {"all": true} | {"redshift_logins": true}"""
    if body.get("redshift_logins"):
        return {"expired": lab.logins.clear()}
    if body.get("all"):
        return {"expired": lab.sessions.revoke()}
    count = lab.sessions.revoke(body["access_key_id"])
    if count == 0:
        raise _BadRequest(f"no session {body['access_key_id']}")
    return {"expired": count}


_HANDLERS = {
    ("GET", "health"): lambda lab, body: {"ok": True},
    ("GET", "world"): lambda lab, body: lab.world.document,
    ("PUT", "world"): _put_world,
    ("PATCH", "world"): _patch_world,
    ("GET", "clock"): _get_clock,
    ("POST", "clock"): _clock,
    ("GET", "calls"): lambda lab, body: lab.calls.snapshot(),
    ("DELETE", "calls"): lambda lab, body: lab.calls.clear(),
    ("GET", "faults"): lambda lab, body: lab.faults.snapshot(),
    ("POST", "faults"): lambda lab, body: lab.faults.add(body),
    ("DELETE", "faults"): lambda lab, body: lab.faults.clear(),
    ("GET", "decisions"): lambda lab, body: lab.decisions.snapshot(),
    ("DELETE", "decisions"): lambda lab, body: lab.decisions.clear(),
    ("POST", "expire"): _expire,
    ("POST", "reset"): lambda lab, body: lab.reset(),
}
