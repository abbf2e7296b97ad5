"""Why a collected record could not be stored: the storage service's codes, in words, with the fix."""

from __future__ import annotations

from collections.abc import Mapping

#: Reason in lower case -> what it means, what to do.
#: Source: Azure Storage, "Common REST API error codes" and "Blob Storage error codes".
REASONS: Mapping[str, tuple[str, str]] = {
    "authorizationpermissionmismatch": (
        "the endpoint's identity has no role that lets it write to the storage account",
        "Give the endpoint's identity Storage Blob Data Contributor on the storage account.",
    ),
    "authorizationfailure": (
        "the storage account refuses the network or the identity that the endpoint comes with",
        "Let the endpoint through the storage account's firewall, then check its roles.",
    ),
    "authenticationfailed": (
        "the storage account could not verify the endpoint's sign-in",
        "See whether the endpoint's managed identity still exists and was not created anew.",
    ),
    "keybasedauthenticationnotpermitted": (
        "the storage account does not accept keys",
        "Let the datastore use identities and give the endpoint's Storage Blob Data Contributor.",
    ),
    "containernotfound": (
        "the container that is written to does not exist",
        "Create the container anew, or point the collection's data asset to another.",
    ),
    "accountisdisabled": (
        "the storage account is disabled",
        "Enable the storage account or its subscription.",
    ),
    "resourcenotfound": (
        "the storage account or the path does not exist",
        "See whether the workspace's storage account was deleted or renamed.",
    ),
    "serverbusy": (
        "the storage account is throttling",
        "Lower the sampling rate of the collector, or give it a storage account of its own.",
    ),
    "operationtimedout": (
        "the storage account did not answer in time",
        "See Azure's service health for the storage account's region.",
    ),
    "requestbodytoolarge": (
        "a record was larger than what can be stored",
        "Collect fewer columns, or send smaller batches.",
    ),
}


def explain(reason: str) -> tuple[str, str]:
    """Return a reason in words, and what to do about it.

    >>> explain("AuthorizationPermissionMismatch")[0]
    "AuthorizationPermissionMismatch: the endpoint's identity has no role that lets it write to the storage account"
    >>> explain("Unheard Of")[0]
    'Unheard Of'
    """
    if not reason:
        return (
            "Azure gives no reason",
            "Look for errors of the container model-data-collector in the console log.",
        )
    words, fix = REASONS.get(
        reason.lower(),
        ("", "Look for errors of the container model-data-collector in the console log."),
    )
    return (f"{reason}: {words}" if words else reason), fix
