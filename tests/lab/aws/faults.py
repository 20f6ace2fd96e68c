"""Faults to inject, and the count of calls they are measured by."""

import fnmatch
import threading

from .errors import AwsError, DropConnection

KNOWN_OPERATIONS = (
    "sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:GetCallerIdentity",
    "redshift:GetClusterCredentials", "redshift:DescribeClusters",
    "redshift-serverless:GetCredentials", "redshift-serverless:GetWorkgroup",
    "imds:token", "imds:role", "imds:credentials", "imds:region", "container:credentials",
    "sso:GetRoleCredentials", "rds-db:connect", "redshift:login")
_KINDS = {"delay", "status", "code", "message", "throttle", "malformed", "drop", "error"}


class MalformedAnswer(Exception):
    """Answer 200 with a body that does not parse."""


class Calls:
    """How often each operation was asked for, whatever the answer was."""

    def __init__(self):
        self._counts = {}
        self._lock = threading.Lock()

    def count(self, operation):
        with self._lock:
            self._counts[operation] = self._counts.get(operation, 0) + 1

    def snapshot(self):
        with self._lock:
            return {**dict.fromkeys(KNOWN_OPERATIONS, 0), **self._counts}

    def clear(self):
        with self._lock:
            self._counts.clear()


class Faults:
    """A list of rules; the first that matches an operation applies."""

    def __init__(self):
        self._rules = []
        self._lock = threading.Lock()

    def add(self, rules):
        """Add rules {"operation": glob, "times": N or null, "fault": {...}}."""
        checked = []
        for rule in rules:
            fault = rule["fault"]
            if not isinstance(fault, dict) or not fault or set(fault) - _KINDS:
                raise ValueError(f"unknown fault {fault!r}; known: {sorted(_KINDS)}")
            if not any(fnmatch.fnmatchcase(name, rule["operation"])
                       for name in KNOWN_OPERATIONS):
                raise ValueError(f"no operation is called {rule['operation']!r}")
            checked.append({"operation": rule["operation"], "fault": fault,
                            "times": rule.get("times")})
        with self._lock:
            self._rules.extend(checked)

    def snapshot(self):
        with self._lock:
            return [dict(rule) for rule in self._rules]

    def clear(self):
        with self._lock:
            self._rules.clear()

    def take(self, operation):
        """The fault to apply to this call, or None."""
        with self._lock:
            for rule in self._rules:
                if rule["times"] == 0 or not fnmatch.fnmatchcase(operation, rule["operation"]):
                    continue
                if rule["times"] is not None:
                    rule["times"] -= 1
                return rule["fault"]
        return None

    def strike(self, operation, stopping):
        """Apply the fault for this call: wait, raise, or do nothing.

        `stopping` is the event that cuts a delay short when the process ends.
        """
        fault = self.take(operation)
        if fault is None:
            return
        if "delay" in fault:
            stopping.wait(float(fault["delay"]))
        if fault.get("drop"):
            raise DropConnection()
        if fault.get("malformed"):
            raise MalformedAnswer()
        if fault.get("throttle"):
            raise AwsError("Throttling", "Rate exceeded", 400, "injected fault: throttle")
        error = fault.get("error") or (fault if "status" in fault or "code" in fault else None)
        if error:
            status = error.get("status", 403 if "AccessDenied" in error.get("code", "") else 400)
            raise AwsError(error.get("code", "ServiceUnavailable"),
                           error.get("message", "Service is unable to handle request."), status,
                           f"injected fault: {error.get('code', status)}")
