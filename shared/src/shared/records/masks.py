"""How personal values look to whoever need not know them (脱敏, G-10)."""

import re

SHORT = 7
HIDDEN = "***"


def mask_phone(value: str | None) -> str:
    """Mobile: first 3 and last 4 (`138****1234`); landline: area code and last 2."""
    if not value:
        return HIDDEN
    area, dash, number = value.partition("-")
    if dash and area.isdigit():
        return f"{area}-{'*' * max(len(number) - 2, 0)}{number[-2:]}"
    if len(value) < SHORT:
        return HIDDEN
    return value[:3] + "*" * (len(value) - SHORT) + value[-4:]


def mask_email(value: str | None) -> str:
    """First sign and domain: `a***@example.com`."""
    local, at, domain = (value or "").partition("@")
    return f"{local[:1]}{HIDDEN}@{domain}" if at else HIDDEN


def mask_name(value: str | None) -> str:
    """First sign only: `王**`."""
    return value[:1] + "**" if value else HIDDEN


def mask_address(value: str | None) -> str:
    """Down to the district (区, 县, 市)."""
    found = re.match(r"^(.*?[区县]|.*?市)", value or "")
    return f"{found.group(1)}{HIDDEN}" if found else HIDDEN


def mask_point(kind: str, value: str | None) -> str:
    """A contact point by its kind: EMAIL as an e-mail address, ADDRESS as an address, all else as a phone number."""
    masks = {"EMAIL": mask_email, "ADDRESS": mask_address}
    return masks.get(kind, mask_phone)(value)
