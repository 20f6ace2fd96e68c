"""The Condition block of an IAM policy, and patterns with policy variables.

IAM User Guide: "IAM JSON policy elements: Condition operators" and "IAM policy
elements: Variables and tags".  An operator that is not implemented here raises
PolicyError: a lab that quietly skipped a condition would say yes too easily.
"""

import re

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_SPECIAL = {"*": "*", "?": "?", "$": "$"}
_NEGATED = ("StringNotEquals", "StringNotEqualsIgnoreCase", "StringNotLike",
            "ArnNotEquals", "ArnNotLike")
_OPERATORS = _NEGATED + ("StringEquals", "StringEqualsIgnoreCase", "StringLike",
                         "ArnEquals", "ArnLike", "Bool", "Null")


class PolicyError(Exception):
    """A policy that this lab cannot judge.  Never to be taken for an allow."""


class _MissingVariable(Exception):
    pass


class Pattern:
    """One string of a policy: wildcards count, a variable's value is literal."""

    def __init__(self, text, context, variables):
        self._pieces = []  # (text, wildcards count?)
        position = 0
        if variables:
            for found in _VARIABLE.finditer(text):
                self._pieces.append((text[position:found.start()], True))
                self._pieces.append((_value(found.group(1), context), False))
                position = found.end()
        self._pieces.append((text[position:], True))

    def plain(self):
        return "".join(text for text, _ in self._pieces)

    def glob(self, value):
        expression = "".join(
            _glob_to_regex(text) if wild else re.escape(text)
            for text, wild in self._pieces)
        return re.fullmatch(expression, value, re.DOTALL) is not None


def glob_matches(text, value, context, variables):
    """Does `value` match the pattern?  A missing variable matches nothing."""
    try:
        return Pattern(text, context, variables).glob(value)
    except _MissingVariable:
        return False


def check_operators(block):
    """Raise PolicyError for anything in a Condition block not known here."""
    if not isinstance(block, dict):
        raise PolicyError("Condition is not an object")
    for operator, keys in block.items():
        _split_operator(operator)
        if not isinstance(keys, dict):
            raise PolicyError(f"Condition {operator} is not an object")
        for key, values in keys.items():
            for value in _as_list(values):
                if not isinstance(value, (str, bool)):
                    raise PolicyError(f"Condition {operator} {key}: not a string")


def unmet(block, context, variables):
    """None if every condition holds, else a sentence about the first that fails.

    Operators and keys are joined by AND, the values of one key by OR.
    """
    lowered = {key.lower(): value for key, value in context.items()}
    for operator, keys in block.items():
        base, if_exists = _split_operator(operator)
        for key, wanted in keys.items():
            actual = lowered.get(key.lower())
            wanted = [_text(value) for value in _as_list(wanted)]
            if not _holds(base, if_exists, actual, wanted, lowered, variables):
                shown = "absent" if actual is None else f"'{actual}'"
                return f"condition {operator} {key} does not hold: the request has {shown}"
    return None


def _holds(base, if_exists, actual, wanted, context, variables):
    if base == "Null":
        return any((value.lower() == "true") == (actual is None) for value in wanted)
    if actual is None:
        # IAM: a missing key fails a positive operator, meets a negated one.
        return if_exists or base in _NEGATED
    if base in _NEGATED:
        positive = base.replace("Not", "")
        return not any(_one(positive, actual, value, context, variables) for value in wanted)
    return any(_one(base, actual, value, context, variables) for value in wanted)


def _one(base, actual, wanted, context, variables):
    try:
        if base == "StringLike":
            return Pattern(wanted, context, variables).glob(actual)
        if base in ("ArnEquals", "ArnLike"):  # the same to IAM
            return _arn_like(wanted, actual, context, variables)
        plain = Pattern(wanted, context, variables).plain()
    except _MissingVariable:
        return False
    if base == "StringEquals":
        return actual == plain
    return actual.lower() == plain.lower()  # StringEqualsIgnoreCase, Bool


def _arn_like(wanted, actual, context, variables):
    """Each of the six colon-separated parts is matched by itself."""
    # A colon inside ${aws:PrincipalArn} does not separate.
    patterns = re.split(r":(?![^{]*\})", wanted, maxsplit=5)
    parts = actual.split(":", 5)
    return len(patterns) == len(parts) == 6 and all(
        Pattern(pattern, context, variables).glob(part)
        for pattern, part in zip(patterns, parts))


def _split_operator(operator):
    if_exists = operator.endswith("IfExists")
    base = operator[:-len("IfExists")] if if_exists else operator
    if base not in _OPERATORS or (base == "Null" and if_exists):
        raise PolicyError(f"condition operator '{operator}' is not supported by the lab")
    return base, if_exists


def _value(expression, context):
    name, _, default = (part.strip() for part in expression.partition(","))
    if name in _SPECIAL:
        return _SPECIAL[name]
    for key, value in context.items():
        if key.lower() == name.lower() and value is not None:
            return value
    if len(default) >= 2 and default[0] == default[-1] == "'":
        return default[1:-1]
    raise _MissingVariable(name)


def _glob_to_regex(text):
    return "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in text)


def _as_list(value):
    return value if isinstance(value, list) else [value]


def _text(value):
    return str(value).lower() if isinstance(value, bool) else value
