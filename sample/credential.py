"""The token of the sample workspace: well-formed, unsigned, worth nothing anywhere else."""

from __future__ import annotations

import base64
import json
from typing import Any

from azure.core.credentials import AccessToken

from sample.builder.names import PIPELINE, TENANT

#: 2100-01-01: no SDK ever finds it expired, whatever time is taken for now.
_EXPIRES = 4_102_444_800


class SampleCredential:
    """Hands out one token for each audience, without asking anybody."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """Return the token for these scopes.

        >>> SampleCredential().get_token("https://api.loganalytics.io/.default").expires_on
        4102444800
        """
        audience = scopes[0].removesuffix("/.default") if scopes else ""
        claims = {"aud": audience, "tid": TENANT, "oid": PIPELINE, "exp": _EXPIRES}
        return AccessToken(f"{_encoded({'alg': 'none'})}.{_encoded(claims)}.", _EXPIRES)


def _encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
