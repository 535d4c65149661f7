"""Documents signed with Ed25519: whoever has the public key can tell that nobody changed them."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from dataflows.errors import UserError
from dataflows.settings import Settings

Document = dict[str, Any]


def signing_key(settings: Settings) -> Ed25519PrivateKey | None:
    """Returns the key that signs, made of `CLASSPULSE_RECEIPT_KEY`; None where that is not set."""
    if settings.receipt_key is None:
        return None
    return Ed25519PrivateKey.from_private_bytes(
        hashlib.sha256(settings.receipt_key.get_secret_value().encode()).digest()
    )


def signed(facts: Document, kind: str, key: Ed25519PrivateKey) -> Document:
    """Returns a document of some facts: its format, the time, the public key, and the signature over all of it.

    Args:
        facts: What it says, as JSON knows it.
        kind: Its format and that format's version.
        key: Who says it.

    Example:
        >>> document = signed({"equal": True}, "classpulse-verify/1", Ed25519PrivateKey.from_private_bytes(b"k" * 32))
        >>> signer(document) == document["public_key"]
        True
    """
    said = {"format": kind, "made_at": datetime.now(UTC).isoformat(timespec="seconds"), **facts}
    said["public_key"] = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    return said | {"signature": base64.b64encode(key.sign(_bytes(said))).decode()}


def signer(document: Document) -> str:
    """Returns the public key under which a document is genuine; whose it is, whoever knows the school says.

    Raises:
        UserError: It is none of ours, or was changed.
    """
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(document["public_key"]))
        signature = base64.b64decode(document["signature"])
        key.verify(signature, _bytes({name: value for name, value in document.items() if name != "signature"}))
    except (KeyError, TypeError, ValueError) as error:
        text = "this is no signed document: it has no key or no signature that can be read"
        raise UserError(text) from error
    except InvalidSignature as error:
        text = "the signature does not fit: the document was changed after it was signed"
        raise UserError(text) from error
    return str(document["public_key"])


def _bytes(said: Document) -> bytes:
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
