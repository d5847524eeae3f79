"""What Meta tells about our account and templates."""

from flows import alerts
from flows.inbound import AccountNotice, PaymentConfiguration, TemplateUpdate
from flows.settings import Settings
from handlers.turn import tell_staff
from models import stores, templates
from models.work import Work


async def on_template(work: Work, update: TemplateUpdate) -> None:
    if update.status is not None:
        status = templates.APPROVED if update.status in templates.SENDABLE else update.status
        templates.keep(work, name=update.name, language=update.language, status=status, reason=update.reason)
        if status == templates.APPROVED:
            templates.release(work)
    if (news := alerts.template_changed(work.store, update)) is not None:
        tell_staff(work, news)


async def on_notice(work: Work, notice: AccountNotice) -> None:
    tell_staff(work, alerts.account_notice(work.store, notice))


async def on_configuration(work: Work, told: PaymentConfiguration) -> None:
    """Who cannot be paid does not ask: how it stands is kept beside the settings it belongs to."""
    if told.name == Settings(work.store.settings).get("pay.configuration"):
        await stores.configure(work, {"pay.standing": f"{told.name}: {told.status}"})
    tell_staff(work, alerts.pay_standing(work.store, told))
