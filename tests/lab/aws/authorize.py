"""Joins policies to principals: may this identity do that?

IAM User Guide, "Cross-account policy evaluation logic": inside one account the
trust policy alone may grant; across accounts both sides must.
"""

from dataclasses import dataclass

from . import policy
from .conditions import PolicyError
from .world_model import account_of


@dataclass(frozen=True)
class Verdict:
    allowed: bool
    reason: str
    explicit_deny: bool = False


def identity_allows(world, identity, action, resource, context=None):
    """Identity policies, and session policies if the session was given any."""
    request = policy.Request(action, resource, {**identity.context(), **(context or {})})
    try:
        outcome = policy.evaluate(world.policies_of(identity.entity_arn), request)
        if identity.session_policies and outcome.allowed:
            outcome = policy.evaluate(identity.session_policies, request)
    except PolicyError as problem:
        return Verdict(False, f"the lab cannot judge a policy of {identity.entity_arn}: {problem}")
    if outcome.allowed:
        return Verdict(True, f"{action} on {resource} allowed")
    return Verdict(False, f"identity policies of {identity.entity_arn} do not allow {action} on "
                   f"{resource} ({outcome.explain()})", bool(outcome.denied_by))


def may_assume(world, identity, role, context):
    """sts:AssumeRole: the role's trust policy and the caller's identity policies."""
    own = identity_allows(world, identity, "sts:AssumeRole", role["arn"], context)
    if own.explicit_deny:
        return own
    request = policy.Request("sts:AssumeRole", role["arn"], {**identity.context(), **context})
    try:
        trusted = policy.evaluate([role["trust_policy"]], request, identity.principal())
    except PolicyError as problem:
        return Verdict(False, f"the lab cannot judge the trust policy of {role['arn']}: {problem}")
    if not trusted.allowed:
        return Verdict(False, f"the trust policy of {role['arn']} does not allow "
                       f"{identity.arn} ({trusted.explain()})")
    same_account = identity.account == account_of(role["arn"])
    if same_account and policy.DIRECT in trusted.grants and not identity.session_policies:
        return Verdict(True, "the trust policy names the caller")
    return Verdict(True, "both policies allow") if own.allowed else own


def may_assume_with_web_identity(role, provider_arn, context):
    """sts:AssumeRoleWithWebIdentity: the trust policy alone decides."""
    request = policy.Request("sts:AssumeRoleWithWebIdentity", role["arn"], context)
    principal = policy.Principal("", "", account_of(provider_arn), federated=provider_arn)
    try:
        trusted = policy.evaluate([role["trust_policy"]], request, principal)
    except PolicyError as problem:
        return Verdict(False, f"the lab cannot judge the trust policy of {role['arn']}: {problem}")
    if trusted.allowed:
        return Verdict(True, "the trust policy allows the identity provider's subject")
    return Verdict(False, f"the trust policy of {role['arn']} does not allow it "
                   f"({trusted.explain()})")
