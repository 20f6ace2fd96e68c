"""A stand-in for the parts of AWS that decide whether an IAM login is good.

One process answers STS, Redshift, Redshift Serverless, IMDS, the container
credentials endpoint and the SSO portal, and tells the lab's databases (through
a unix socket) whether a login token is to be accepted.  Every signature is
recomputed with botocore, never with the code under test.
"""
