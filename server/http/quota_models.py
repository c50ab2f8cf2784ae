"""What the API shows of quotas."""

from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from server.http import models


class QuotaUse(models.Shown):
    """What calls of one subject have used of a quota in its present window.

    `in_flight` is the part of it whose outcome is not written down yet. `limit` is what the files say now,
    which may be less than what is used; null where no quota of this name limits the subject any more.
    """

    id: UUID
    quota: str
    subject: dict[str, str]
    used: Decimal
    in_flight: Decimal
    limit: Decimal | None
    window: Literal["24h", "day", "month", "ever"]
    ends_at: datetime | None
    changed_at: datetime
