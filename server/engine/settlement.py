"""An operator's word about an effect whose outcome nobody wrote down."""

from pydantic import JsonValue

from server.engine.outcomes import write_done
from server.errors import EffectNotOpen, NotPermitted
from server.identity.permissions import may
from server.storage.audit import append_entry
from server.storage.cases import lock_case
from server.storage.database import Database
from server.storage.effects import Effect, fail_effect, find_effect, get_effect
from server.storage.runs import has_active_run


async def settle_effect(
    database: Database, key: str, *, receipt: dict[str, JsonValue] | None, actor: str, reason: str
) -> Effect:
    """Write that the effect happened and left this receipt, or, without one, that it did not happen.

    The next run of its step gets the receipt without calling, or calls anew.

    Raises:
        NotPermitted: the actor may not.
        NotFound: there is no such effect.
        EffectNotOpen: it has its outcome, or its case has an active run, which may find it out.
    """
    if not may(actor, "settle", f"effect/{key}"):
        raise NotPermitted(f"{actor} may not settle effect/{key}")
    async with database.transaction() as connection:
        case_id = (await get_effect(connection, key)).case_id
        await lock_case(connection, case_id)
        if await has_active_run(connection, case_id):
            raise EffectNotOpen(
                f"case {case_id} has an active run, which may find out what came of this effect"
            )
        effect = await find_effect(connection, key)
        if effect is None or effect.status != "intended":
            raise EffectNotOpen(f"effect {key!r} is {effect and effect.status}, no longer open")
        if receipt is not None:
            await write_done(connection, key, receipt=receipt, by="operator")
        else:
            await fail_effect(connection, key, error={"code": "settled", "message": reason}, by="operator")
        await append_entry(
            connection,
            actor,
            action="effect_settled",
            object_=f"effect/{key}",
            case_id=case_id,
            happened=receipt is not None,
            receipt=receipt,
            reason=reason,
        )
        return await get_effect(connection, key)
