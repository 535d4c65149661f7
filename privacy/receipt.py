"""A receipt of an erasure: what was erased where, signed; it names nobody."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dataflows import signing
from dataflows.errors import UserError
from dataflows.settings import Settings

FORMAT: Final = "classpulse-erasure/1"

Receipt = signing.Document


def key_of(settings: Settings) -> Ed25519PrivateKey:
    """Returns the key that signs receipts.

    Raises:
        UserError: There is none.
    """
    key = signing.signing_key(settings)
    if key is None:
        text = (
            "CLASSPULSE_RECEIPT_KEY is not set: it signs the receipt. Make one (openssl rand -base64 32) and keep it "
            "in the secret store of whoever erases"
        )
        raise UserError(text)
    return key


def backups_until(settings: Settings, made_at: datetime) -> datetime:
    """Returns when the last backup that may hold the students is gone."""
    return made_at + timedelta(days=settings.keep_backups_days)


def signed(facts: Receipt, key: Ed25519PrivateKey) -> Receipt:
    """Returns the receipt of some facts.

    Example:
        >>> receipt = signed({"students": 1}, Ed25519PrivateKey.from_private_bytes(b"k" * 32))
        >>> signer(receipt) == receipt["public_key"]
        True
    """
    return signing.signed(facts, FORMAT, key)


def signer(receipt: Receipt) -> str:
    """Returns the public key under which a receipt is genuine; whose it is, whoever knows the school says.

    Raises:
        UserError: It is no receipt, or was changed.
    """
    if receipt.get("format") != FORMAT:
        text = f"this is no receipt of an erasure: its format is {receipt.get('format')!r}"
        raise UserError(text)
    return signing.signer(receipt)


def read(path: Path) -> Receipt:
    """Returns a receipt from its file.

    Raises:
        UserError: It cannot be read.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        text = f"{path} is no receipt: {error}"
        raise UserError(text) from error
    if not isinstance(found, dict):
        text = f"{path} is no receipt: it holds no object"
        raise UserError(text)
    return found
