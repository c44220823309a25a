"""A month's report in a real browser: made and commented by the provider, issued, accepted by the client."""

from typing import Any

import pytest
from tests.browser.test_ticket_life import no_sideways, someone, unexpected
from tests.pages.reporting import carried_out, month_before
from tests.pages.world import World

from yunheng.reports.models import Report, ReportRun

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("language", "width"), [("zh-hans", 1440), ("en", 390)])
def test_from_the_wish_to_the_clients_signature(
    open_page: Any, world: World, complaints: list[str], language: str, width: int
) -> None:
    own = "zh-Hans" if language == "zh-hans" else "en"
    alice = someone(open_page, world, "alice", language, width)
    alice.goto("/reports")
    alice.click(".page-head .button-primary[data-dialog-open=new-report]")
    form = alice.locator("#new-report form")
    form.locator("[name=contract]").select_option(world.key)
    form.locator("[name=period]").fill(month_before())
    no_sideways(alice, width)
    form.locator(".button-primary").click()
    alice.wait_for_selector("#report-run progress")
    no_sideways(alice, width)

    report = carried_out(ReportRun.objects.latest("pk"))
    alice.wait_for_url(f"**/reports/{report.number}")  # the page asks by itself and leads on
    assert alice.locator(".report-paper").get_attribute("lang") == own
    no_sideways(alice, width)
    if not alice.locator("#comments form").is_visible():
        alice.click("#comments > summary")
    alice.fill("#comments [name=summary]", "本月总体平稳。All quiet 喆 🙂")
    alice.reload()  # typed, not saved: it is kept
    alice.wait_for_selector("#comments .draft-note")
    assert alice.input_value("#comments [name=summary]").startswith("本月总体平稳")
    alice.click("#comments .form-actions .button-primary")
    alice.wait_for_selector(".report-paper >> text=本月总体平稳。All quiet 喆 🙂")

    alice.locator(".report-steps details > summary").first.click()
    alice.click(".report-steps form:has([value=issue]) .button-primary")
    alice.wait_for_selector("#deliver", state="attached")
    assert Report.objects.get(pk=report.pk).state == "issued"
    with alice.expect_download() as download:
        alice.locator(f".report-files a[href$='/{own}.pdf']").click()
    assert download.value.suggested_filename == f"{report.number}.{own}.pdf"

    bob = someone(open_page, world, "bob", language, width)
    bob.goto("/portal/reports")
    bob.click(f".requests a[href='/portal/reports/{report.number}']")
    bob.wait_for_selector("#answer")
    no_sideways(bob, width)
    bob.click("#answer [value=return]")  # without a reason
    bob.wait_for_selector("#answer .error-text")
    bob.fill("#answer [name=text]", "谢谢, thank you")
    bob.click("#answer [value=accept]")
    bob.wait_for_selector(".ask blockquote >> text=谢谢, thank you")
    assert Report.objects.get(pk=report.pk).state == "accepted"
    assert unexpected(complaints) == []
