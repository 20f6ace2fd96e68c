"""Who may log in to the lab's databases. The verifier decides with which token; these are the database's own users."""

from __future__ import annotations

# Aurora: users with rds_iam (PostgreSQL) or PAM in place of AWSAuthenticationPlugin (MySQL). Names are
# case-sensitive, and need not be ASCII nor free of spaces.
AURORA_USERS = ("superset_iam_user", "app_rw", "reporting_ro", "Mixed.Case", "jörg böhm")

# Redshift: the names its API returns. IAM:x = user x, IAMA:x = user x made on the fly (auto_create), IAMR:x = role x.
REDSHIFT_USERS = ("IAM:superset_iam_user", "IAM:app_rw", "IAM:Mixed.Case", "IAM:superset", "IAM:reports",
                  "IAMA:superset_iam_user", "IAMA:app_rw",
                  "IAMR:SupersetRedshiftAccess", "IAMR:SupersetDatabaseAccess", "IAMR:SupersetInstanceRole")

# A user with an ordinary password, for connections without an aws_iam block.
PLAIN_USER = "plain"
PLAIN_PASSWORD = "plain-password"
