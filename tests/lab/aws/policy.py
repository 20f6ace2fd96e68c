"""Evaluation of IAM policies: who may do what on which resource.

IAM User Guide: "Policy evaluation logic", "IAM JSON policy elements: Principal"
and "Cross-account policy evaluation logic".  Whatever is not implemented raises
PolicyError instead of being skipped.
"""

from dataclasses import dataclass, field

from .conditions import PolicyError, check_operators, glob_matches, unmet

_ELEMENTS = {"Sid", "Effect", "Principal", "Action", "NotAction", "Resource",
             "NotResource", "Condition"}
DIRECT = "direct"    # the principal itself is named
ACCOUNT = "account"  # its account is named, which delegates to identity policies


@dataclass(frozen=True)
class Request:
    """What is asked.  Condition keys in `context` are compared without case."""
    action: str
    resource: str
    context: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Principal:
    """Who asks.  For a role session `entity_arn` is the role, `arn` the session."""
    arn: str
    entity_arn: str
    account: str
    federated: str = ""  # the identity provider's ARN, for web identity


@dataclass
class Outcome:
    """What the policies say.  `grants` is empty, or holds DIRECT and/or ACCOUNT."""
    grants: set = field(default_factory=set)
    denied_by: str = ""
    near_misses: list = field(default_factory=list)

    @property
    def allowed(self):
        return bool(self.grants) and not self.denied_by

    def explain(self):
        """Why not, as precisely as the policies allow."""
        if self.denied_by:
            return f"explicit deny in {self.denied_by}"
        if not self.near_misses:
            return "there is no statement at all"
        # The statement that got furthest is the one that was meant.
        return max(self.near_misses, key=lambda miss: miss[0])[1]


def check(document, trust):
    """Raise PolicyError unless `document` is one that evaluate() understands."""
    if not isinstance(document, dict):
        raise PolicyError("a policy is not an object")
    extra = set(document) - {"Version", "Id", "Statement"}
    if extra:
        raise PolicyError(f"unknown policy element {sorted(extra)}")
    if document.get("Version", "2008-10-17") not in ("2012-10-17", "2008-10-17"):
        raise PolicyError(f"unknown policy version {document['Version']!r}")
    statements = _as_list(document.get("Statement"))
    if not statements or statements == [None]:
        raise PolicyError("a policy has no Statement")
    for statement in statements:
        _check_statement(statement, trust)


def evaluate(documents, request, principal=None):
    """Evaluate identity policies, or with `principal` one trust policy."""
    outcome = Outcome()
    for number, document in enumerate(documents):
        check(document, trust=principal is not None)
        variables = document.get("Version") == "2012-10-17"
        for index, statement in enumerate(_as_list(document["Statement"])):
            name = statement.get("Sid") or f"statement {number}.{index}"
            how, depth, why = _match(statement, request, principal, variables)
            if how and statement["Effect"] == "Deny":
                outcome.denied_by = name
            elif how:
                outcome.grants.add(how)
            elif statement["Effect"] == "Allow":
                outcome.near_misses.append((depth, f"{name}: {why}"))
    return outcome


def _match(statement, request, principal, variables):
    """(how it matched or None, how far it got, why it went no further)"""
    if not _action_matches(statement, request.action):
        return None, 0, f"action {request.action} is not in it"
    how = DIRECT
    if principal is not None:
        how = _principal_matches(statement["Principal"], principal)
        if how is None:
            return None, 1, f"principal {principal.federated or principal.arn} is not in it"
    elif not _resource_matches(statement, request, variables):
        return None, 1, f"resource {request.resource} is not in it"
    problem = unmet(statement.get("Condition", {}), request.context, variables)
    if problem:
        return None, 2, problem
    return how, 3, ""


def _action_matches(statement, action):
    key = "Action" if "Action" in statement else "NotAction"
    found = any(glob_matches(pattern.lower(), action.lower(), {}, False)
                for pattern in _as_list(statement[key]))
    return found == (key == "Action")


def _resource_matches(statement, request, variables):
    key = "Resource" if "Resource" in statement else "NotResource"
    found = any(glob_matches(pattern, request.resource, request.context, variables)
                for pattern in _as_list(statement[key]))
    return found == (key == "Resource")


def _principal_matches(element, principal):
    if principal.federated:
        named = isinstance(element, dict) and _as_list(element.get("Federated", []))
        return DIRECT if named and principal.federated in named else None
    if element == "*":
        return DIRECT
    how = None
    for name in _as_list(element.get("AWS", [])):
        if name in ("*", principal.arn, principal.entity_arn):
            return DIRECT
        if name == principal.account or _root_of(name) == principal.account:
            how = ACCOUNT
    return how


def _root_of(name):
    parts = name.split(":")
    if len(parts) == 6 and parts[2] == "iam" and parts[5] == "root":
        return parts[4]
    return None


def _check_statement(statement, trust):
    if not isinstance(statement, dict):
        raise PolicyError("a statement is not an object")
    extra = set(statement) - _ELEMENTS
    if extra:
        raise PolicyError(f"statement element {sorted(extra)} is not supported by the lab")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise PolicyError(f"Effect {statement.get('Effect')!r} is neither Allow nor Deny")
    _exactly_one(statement, "Action", "NotAction")
    if trust:
        if "Principal" not in statement or {"Resource", "NotResource"} & set(statement):
            raise PolicyError("a trust policy statement needs Principal and has no Resource")
        _check_principal(statement["Principal"])
    else:
        if "Principal" in statement:
            raise PolicyError("an identity policy statement has no Principal")
        _exactly_one(statement, "Resource", "NotResource")
    check_operators(statement.get("Condition", {}))


def _exactly_one(statement, first, second):
    if (first in statement) == (second in statement):
        raise PolicyError(f"a statement needs exactly one of {first} and {second}")
    values = _as_list(statement[first] if first in statement else statement[second])
    if not values or not all(isinstance(value, str) for value in values):
        raise PolicyError(f"{first} or {second} is not a string or a list of strings")


def _check_principal(element):
    if element == "*":
        return
    if not isinstance(element, dict) or not element:
        raise PolicyError(f"Principal {element!r} is neither '*' nor an object")
    for kind, names in element.items():
        if kind not in ("AWS", "Federated", "Service"):
            raise PolicyError(f"Principal kind {kind!r} is not supported by the lab")
        for name in _as_list(names):
            if not isinstance(name, str) or ("*" in name and name != "*"):
                # AWS refuses partial wildcards here: MalformedPolicyDocument.
                raise PolicyError(f"Invalid principal in policy: {name!r}")


def _as_list(value):
    return value if isinstance(value, list) else [value]
