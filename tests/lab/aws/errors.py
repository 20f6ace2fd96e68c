"""Errors as AWS words them, independent of the protocol that carries them.

Codes are the Query protocol's (STS API Reference, "Common Errors"); the JSON
protocol spells some of them differently (Amazon Redshift Serverless API
Reference, "Common Error Types"), so they are translated when written out.
"""

_JSON_CODES = {
    "AccessDenied": "AccessDeniedException",
    "ExpiredToken": "ExpiredTokenException",
    "IncompleteSignature": "IncompleteSignatureException",
    "InternalFailure": "InternalServerException",
    "InvalidAction": "UnknownOperationException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "ServiceUnavailable": "ServiceUnavailableException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "Throttling": "ThrottlingException",
    "ValidationError": "ValidationException",
}


class AwsError(Exception):
    """An answer that is an error.

    `message` goes to the client in AWS's own words, which often hide the
    cause; `reason` goes to the decision log and names the cause.
    """

    def __init__(self, code, message, status=400, reason=None):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.reason = reason or f"{code}: {message}"

    def json_code(self):
        return _JSON_CODES.get(self.code, self.code)

    def json_status(self):
        """The JSON protocol answers every client error with 400."""
        return self.status if self.status >= 500 else 400


class DropConnection(Exception):
    """Close the connection without an answer."""


class HoldConnection(Exception):
    """Never answer: what a client sees when packets are dropped on the way."""


def validation_error(message):
    return AwsError("ValidationError", message)


def constraint(field, value, text):
    """STS's sentence for a parameter that breaks its model's constraint."""
    shown = "null" if value is None else f"'{value}'"
    return validation_error(
        f"1 validation error detected: Value {shown} at '{field}' failed to "
        f"satisfy constraint: {text}")
