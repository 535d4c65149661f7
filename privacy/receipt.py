"""A receipt of an erasure: what was erased where, signed; it names nobody."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from dataflows.errors import UserError
from dataflows.settings import Settings

FORMAT: Final = "classpulse-erasure/1"

Receipt = dict[str, Any]


def signing_key(settings: Settings) -> Ed25519PrivateKey:
    """Returns the key that signs receipts, made of `CLASSPULSE_RECEIPT_KEY`.

    Raises:
        UserError: There is none.
    """
    if settings.receipt_key is None:
        text = (
            "CLASSPULSE_RECEIPT_KEY is not set: it signs the receipt. Make one (openssl rand -base64 32) and keep it "
            "in the secret store of whoever erases"
        )
        raise UserError(text)
    return Ed25519PrivateKey.from_private_bytes(
        hashlib.sha256(settings.receipt_key.get_secret_value().encode()).digest()
    )


def backups_until(settings: Settings, made_at: datetime) -> datetime:
    """Returns when the last backup that may hold the students is gone."""
    return made_at + timedelta(days=settings.keep_backups_days)


def sign(facts: Receipt, key: Ed25519PrivateKey) -> Receipt:
    """Returns the receipt of some facts: with the time, the public key and the signature over all of it.

    Example:
        >>> receipt = sign({"students": 1}, Ed25519PrivateKey.from_private_bytes(b"k" * 32))
        >>> verify(receipt) == receipt["public_key"]
        True
    """
    said = {"format": FORMAT, "made_at": datetime.now(UTC).isoformat(timespec="seconds"), **facts}
    said["public_key"] = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    return said | {"signature": base64.b64encode(key.sign(_bytes(said))).decode()}


def verify(receipt: Receipt) -> str:
    """Returns the public key under which a receipt is genuine; whose it is, whoever knows the school says.

    Raises:
        UserError: It is no receipt, or was changed.
    """
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(receipt["public_key"]))
        signature = base64.b64decode(receipt["signature"])
        key.verify(signature, _bytes({name: value for name, value in receipt.items() if name != "signature"}))
    except (KeyError, TypeError, ValueError) as error:
        text = "this is no receipt of an erasure: it has no key or no signature that can be read"
        raise UserError(text) from error
    except InvalidSignature as error:
        text = "the signature does not fit: the receipt was changed after it was signed"
        raise UserError(text) from error
    return str(receipt["public_key"])


def _bytes(said: Receipt) -> bytes:
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


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
