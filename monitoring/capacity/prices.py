"""What an hour of a machine costs, where no bill says it: a table that the user edits."""

from __future__ import annotations

from collections.abc import Mapping

#: List prices in EUR an hour, Linux, pay as you go, West Europe, two digits, as of 2026-11. A starting
#: point to be edited: Azure changes them, and discounts are a tenant's own.
LIST_PRICES: Mapping[str, float] = {
    "Standard_D2s_v3": 0.12,
    "Standard_D4s_v3": 0.24,
    "Standard_D8s_v3": 0.48,
    "Standard_DS2_v2": 0.14,
    "Standard_DS3_v2": 0.27,
    "Standard_DS4_v2": 0.54,
    "Standard_DS5_v2": 1.1,
    "Standard_E2s_v3": 0.16,
    "Standard_E4s_v3": 0.32,
    "Standard_E8s_v3": 0.64,
    "Standard_F2s_v2": 0.097,
    "Standard_F4s_v2": 0.19,
    "Standard_F8s_v2": 0.39,
    "Standard_F16s_v2": 0.78,
    "Standard_NC4as_T4_v3": 0.66,
    "Standard_NC6s_v3": 3.8,
}
CURRENCY = "EUR"
SOURCE = "list price, Linux, pay as you go, West Europe, rounded; edit it to yours"
#: Hours that a month of cost stands for, as in Azure's pricing calculator.
HOURS_A_MONTH = 730.0


def price_of(instance_type: str, edited: Mapping[str, float] | None = None) -> float | None:
    """Return the price of an hour, the user's before the list's; None where neither knows.

    >>> price_of("standard_ds3_v2"), price_of("Standard_DS3_v2", {"Standard_DS3_v2": 0.2})
    (0.27, 0.2)
    >>> price_of("Standard_X1") is None
    True
    """
    known = {name.lower(): price for name, price in {**LIST_PRICES, **(edited or {})}.items()}
    return known.get(instance_type.lower())
