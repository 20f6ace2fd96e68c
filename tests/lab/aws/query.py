"""The AWS Query protocol: form parameters in, XML out (STS, Redshift)."""

import re
from xml.sax.saxutils import escape

from .errors import AwsError
from .messages import Response


def xml(name, value):
    """An element; dicts nest, lists repeat, None leaves it out."""
    if value is None:
        return ""
    if isinstance(value, list):
        return "".join(xml(name, item) for item in value)
    if isinstance(value, dict):
        inner = "".join(xml(key, item) for key, item in value.items())
    elif isinstance(value, bool):
        inner = "true" if value else "false"
    else:
        inner = escape(str(value))
    return f"<{name}>{inner}</{name}>"


def success(action, namespace, result, request_id):
    body = (f'<{action}Response xmlns="{namespace}">' + xml(f"{action}Result", result)
            + xml("ResponseMetadata", {"RequestId": request_id}) + f"</{action}Response>")
    return _response(200, body)


def failure(error, namespace, request_id):
    body = (f'<ErrorResponse xmlns="{namespace}">'
            + xml("Error", {"Type": "Receiver" if error.status >= 500 else "Sender",
                            "Code": error.code, "Message": error.message})
            + xml("RequestId", request_id) + "</ErrorResponse>")
    return _response(error.status, body)


def malformed(action, namespace):
    """Cut off in the middle, as by a proxy that gave up."""
    return _response(200, f'<{action}Response xmlns="{namespace}"><{action}Result><Cred')


def expect_parameters(parameters, known):
    """Refuse what AWS's model does not have: a misspelt parameter must not be ignored."""
    unknown = sorted(name for name in parameters
                     if name not in known and name.split(".")[0] + "." not in known)
    if unknown:
        raise AwsError("InvalidQueryParameter",
                       f"The lab knows no parameter named {', '.join(unknown)} here")


def number(parameters, name, default):
    text = parameters.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        raise AwsError("MalformedInput", f"{name} is not an integer")
    return int(text)


def _response(status, body):
    return Response(status, body.encode(), {"Content-Type": "text/xml"})
