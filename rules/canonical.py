"""One text, and so one digest, for equal content."""

import hashlib
import json


def digest_of(content: object) -> str:
    """The SHA-256 of plain JSON, with sorted keys, without blanks, in UTF-8."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
