"""Pages of who administers people: what they do, and that nobody else reaches them."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from tests.pages.texts import without_tokens
from tests.pages.world import PASSWORD, World

from yunheng.accounts import letters
from yunheng.accounts.actions import create_person, create_token, grant_membership
from yunheng.accounts.models import Membership, Organisation, Person, Team
from yunheng.accounts.queries import administration, organisation_by_key
from yunheng.accounts.roles import PERMISSIONS, ROLES
from yunheng.accounts.wording import PERMISSION_LABELS, ROLE_LABELS
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.models import Entry

STRONG = "correct horse battery staple"


def client_of(person: Person, *, is_confirmed: bool = True) -> Client:
    client = Client()
    client.force_login(person)
    if is_confirmed:
        client.get("/me")  # a visit begins: the password counts as typed just now
    return client


@pytest.fixture(scope="module")
def admin(world: World) -> Client:
    """Administers the first contract only."""
    return client_of(world.people["role-provider-admin"])


@pytest.fixture(scope="module")
def owner(world: World) -> Client:
    """Administers the installation."""
    person = create_person(
        viewer=SYSTEM_VIEWER, login="owner", name="Owner", organisation=organisation_by_key("provider")
    )
    grant_membership(viewer=SYSTEM_VIEWER, person=person, role="provider_admin", scope=None)
    return client_of(person)


def new_person(login: str, organisation: str = "provider", **more: str) -> Person:
    return create_person(
        viewer=SYSTEM_VIEWER,
        login=login,
        name=login.title(),
        organisation=organisation_by_key(organisation),
        **more,
    )


# --- who reaches them


def test_nobody_else_reaches_a_single_page(world: World, admin: Client, owner: Client) -> None:
    """Real people and teams, every role: 404 for whoever does not administer, and nothing is done."""
    person = new_person("target")
    team = Team.objects.get(key="second-line")
    token = create_token(viewer=SYSTEM_VIEWER, person=person, name="t", scopes=["read"]).token
    base = f"/admin/people/{person.uuid}"
    gets = [base, f"{base}/edit", f"{base}/password", f"/admin/teams/{team.uuid}"]
    gets.append(f"/admin/teams/{team.uuid}/people?find=ken")
    posts = {
        f"{base}/roles": {"contract": world.key, "role": "engineer"},
        f"{base}/state": {"do": "disable"},
        f"{base}/second-factor": {},
        f"{base}/invitation": {},
        f"{base}/tokens/{token.uuid}/revoke": {},
        f"{base}/edit": {"name": "X", "language": "en", "zone": "UTC"},
        f"{base}/password": {"password": STRONG, "again": STRONG},
        "/admin/people/roles": {"number": [str(person.uuid)], "contract": world.key, "role": "engineer"},
        "/admin/people/new": {"login": "x", "name": "X", "organisation": "provider"},
        "/admin/people/import": {},
        "/admin/people/import/confirm": {"kept": "x"},
        "/admin/people/import/rejected": {"kept": "x"},
        f"/admin/teams/{team.uuid}": {"name": "X", "line": "first"},
        "/admin/teams/new": {"organisation": "provider", "key": "x", "name": "X", "line": "first"},
        "/admin/organisations/provider": {"name": "X"},
        "/admin/organisations/new": {"key": "x", "name": "X", "kind": "client"},
    }
    before = (Person.objects.count(), Membership.objects.count(), Entry.objects.count(), Team.objects.count())
    others = [f"role-{role.replace('_', '-')}" for role in ROLES if role != "provider_admin"]
    for login in [*others, "charlie", "bob", "dan", "sue"]:
        client = client_of(world.people[login])
        for path in gets:
            assert client.get(path).status_code == 404, (login, path)
        for path, data in posts.items():
            assert client.post(path, data).status_code == 404, (login, path)
    for path in gets:
        assert admin.get(path).status_code == 200
        assert owner.get(path).status_code == 200
        assert Client().get(path).status_code == 302
    for path, data in posts.items():
        assert Client().post(path, data).status_code == 302
    assert before == (
        Person.objects.count(),
        Membership.objects.count(),
        Entry.objects.count(),
        Team.objects.count(),
    )
    person.refresh_from_db()
    token.refresh_from_db()
    assert person.is_active and not person.has_usable_password() and token.revoked_at is None


def test_what_is_beyond_reach_does_not_exist(world: World, admin: Client, owner: Client) -> None:
    charlie = world.people["charlie"]
    assert owner.get(f"/admin/people/{charlie.uuid}").status_code == 200
    assert admin.get(f"/admin/people/{charlie.uuid}").status_code == 404
    assert admin.get("/admin/organisations/stranger").status_code == 404
    for path in ("/admin/people?text=charlie", "/admin/organisations?text=stranger", "/admin/people"):
        text = admin.get(path).content.decode()
        assert charlie.name not in text and "别家公司" not in text
    assert charlie.name in owner.get("/admin/people?text=charlie").content.decode()
    for where in (world.other.scope.key, "nowhere", "*"):
        response = admin.post(
            f"/admin/people/{world.people['ken'].uuid}/roles", {"contract": where, "role": "engineer"}
        )
        assert response.status_code == 422
        assert not Membership.objects.filter(person=world.people["ken"], scope=world.other.scope).exists()
    ticked = {"number": [str(charlie.uuid)], "contract": world.key, "role": "contact"}
    assert admin.post("/admin/people/roles", ticked).status_code == 404
    response = admin.post(
        "/admin/people/new",
        {"login": "c2", "name": "C", "organisation": "stranger", "language": "en", "zone": "UTC"},
    )
    assert response.status_code == 422 and not Person.objects.filter(login="c2").exists()


def test_roles_elsewhere_are_not_told_but_lock_the_account(world: World, admin: Client) -> None:
    person = new_person("colleague")
    for contract, role in ((world.contract, "engineer"), (world.other, "desk_agent")):
        grant_membership(viewer=SYSTEM_VIEWER, person=person, role=role, scope=contract.scope)
    text = admin.get(f"/admin/people/{person.uuid}").content.decode()
    assert world.other.scope.key not in text
    assert f"/admin/people/{person.uuid}/edit" not in text
    for path, data in {
        "edit": {"name": "X", "language": "en", "zone": "UTC"},
        "password": {"password": STRONG, "again": STRONG},
        "state": {"do": "disable"},
        "invitation": {},
        "second-factor": {},
    }.items():
        assert admin.post(f"/admin/people/{person.uuid}/{path}", data).status_code == 404, path
    person.refresh_from_db()
    assert person.name == "Colleague" and person.is_active and not person.has_usable_password()


# --- people


def test_creating_somebody_and_giving_a_role(world: World, admin: Client) -> None:
    typed = {
        "login": "zhang san",
        "name": "张三",
        "organisation": "provider",
        "language": "zh-hans",
        "zone": "Asia/Shanghai",
        "email": "no",
    }
    response = admin.post("/admin/people/new", typed | {"name": ""})
    text = response.content.decode()
    assert all(f"id_{name}_error" in text for name in ("login", "name", "email"))  # all at once
    response = admin.post("/admin/people/new", typed)
    text = response.content.decode()
    assert response.status_code == 422
    assert 'value="zhang san"' in text and 'value="张三"' in text and 'value="no"' in text
    assert "id_login_error" in text and "id_email_error" in text
    response = admin.post(
        "/admin/people/new", typed | {"login": "zhangsan", "email": "z@example.com", "password": STRONG}
    )
    person = Person.objects.get(login="zhangsan")
    assert (response.status_code, response["Location"]) == (303, f"/admin/people/{person.uuid}")
    assert person.must_change_password and person.check_password(STRONG)
    taken = admin.post("/admin/people/new", typed | {"login": "ZhangSan", "email": ""})
    assert taken.status_code == 422 and "id_login_error" in taken.content.decode()

    role = {"contract": world.key, "role": "engineer"}
    assert admin.post(f"/admin/people/{person.uuid}/roles", role).status_code == 303
    page = admin.get(f"/admin/people/{person.uuid}").content.decode()
    assert world.people["role-provider-admin"].name in page  # who gave it
    wrong = admin.post(f"/admin/people/{person.uuid}/roles", role | {"role": "contact"})
    assert wrong.status_code == 422
    assert admin.post(f"/admin/people/{person.uuid}/roles", role | {"do": "revoke"}).status_code == 303
    assert not Membership.objects.filter(person=person).exists()
    types = [
        entry.type
        for entry in Entry.objects.filter(body__personal__person__id=str(person.uuid)).order_by("id")
    ]
    assert types == ["membership.granted", "membership.revoked"]


def test_what_a_person_may_no_longer_do(world: World, admin: Client) -> None:
    person = new_person("leaver", password=PASSWORD)
    grant_membership(viewer=SYSTEM_VIEWER, person=person, role="engineer", scope=world.contract.scope)
    theirs = Client()
    theirs.force_login(person)
    token = create_token(viewer=SYSTEM_VIEWER, person=person, name="phone", scopes=["read"]).token
    assert theirs.get("/").status_code in {200, 302}
    page = f"/admin/people/{person.uuid}"
    assert "phone" in admin.get(page).content.decode()
    assert admin.post(f"{page}/tokens/{token.uuid}/revoke").status_code == 303
    token.refresh_from_db()
    assert token.revoked_at is not None
    assert admin.post(f"{page}/state", {"do": "disable"}).status_code == 303
    assert theirs.get("/contracts")["Location"].startswith("/sign-in")
    person.refresh_from_db()
    assert not person.is_active
    assert admin.post(f"{page}/invitation").status_code == 303  # refused, and said so
    assert admin.post(f"{page}/state", {"do": "enable"}).status_code == 303
    assert admin.post(f"{page}/password", {"password": STRONG, "again": STRONG + "x"}).status_code == 422
    assert admin.post(f"{page}/password", {"password": "short", "again": "short"}).status_code == 422
    assert admin.post(f"{page}/password", {"password": STRONG, "again": STRONG}).status_code == 303
    person.refresh_from_db()
    assert person.is_active and person.check_password(STRONG) and person.must_change_password
    me = world.people["role-provider-admin"]
    assert admin.post(f"/admin/people/{me.uuid}/state", {"do": "disable"}).status_code == 303
    me.refresh_from_db()
    assert me.is_active  # nobody shuts themselves out
    assert admin.get(f"/admin/people/{me.uuid}/password").status_code == 404


def test_many_people_at_once(world: World, admin: Client) -> None:
    people = [new_person(f"many{number}") for number in range(3)]
    data = {
        "number": [str(person.uuid) for person in people],
        "contract": world.key,
        "role": "quality_officer",
        "do": "grant",
    }
    held = Membership.objects.filter(person__in=people, role="quality_officer")
    assert admin.post("/admin/people/roles", data | {"number": []}).status_code == 422
    mixed = data | {"number": [*data["number"], str(world.people["bob"].uuid)]}
    response = admin.post("/admin/people/roles", mixed)  # a client's person cannot hold it: all or none
    assert response.status_code == 422 and not held.exists()
    assert response.content.decode().count("checked") >= 1
    assert admin.post("/admin/people/roles", data).status_code == 303
    assert held.count() == 3
    assert admin.post("/admin/people/roles", data | {"do": "revoke"}).status_code == 303
    assert not held.exists()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("text=林晓安", {"alice"}),
        ("text=KEN", {"ken"}),
        ("text=role-+auditor", {"role-auditor"}),
        ("organisation=hardware-vendor", {"sue", "role-supplier-engineer"}),
        ("text=nobody-of-this-name", set()),
        ("text=%25", set()),
    ],
)
def test_the_list_is_narrowed(world: World, admin: Client, query: str, expected: set[str]) -> None:
    text = admin.get(f"/admin/people?{query}").content.decode()
    logins = set(re.findall(r'<span class="mono">([\w-]+)</span>', text))
    assert logins == expected


def test_the_list_goes_on(world: World, owner: Client, django_assert_max_num_queries: object) -> None:
    provider = organisation_by_key("provider")
    Person.objects.bulk_create(
        Person(login=f"bulk{number:03}", name=f"N{number}", organisation=provider) for number in range(120)
    )
    seen: list[str] = []
    path = "/admin/people?text=bulk"
    for _page in range(3):
        text = owner.get(path).content.decode()
        seen += re.findall(r'<td><input[^>]*value="[^"]+"[^>]*aria-label="(N\d+)"', text)
        following = re.search(r'rel="next" href="([^"]+)"', text)
        path = "/admin/people" + following[1].replace("&amp;", "&") if following else ""
    assert seen == [f"N{number}" for number in range(120)] and path == ""
    with django_assert_max_num_queries(14):  # type: ignore[operator]
        owner.get("/admin/people?text=bulk")


# --- organisations and teams


def test_organisations(world: World, owner: Client, admin: Client) -> None:
    response = owner.post("/admin/organisations/new", {"key": "A B", "name": "", "kind": "friend"})
    text = response.content.decode()
    assert response.status_code == 422 and 'value="A B"' in text
    assert all(f"id_{name}_error" in text for name in ("name", "kind"))
    made = owner.post("/admin/organisations/new", {"key": "acme", "name": "Acme", "kind": "client"})
    assert made["Location"] == "/admin/organisations/acme"
    assert owner.post("/admin/organisations/acme", {"name": ""}).status_code == 422
    assert owner.post("/admin/organisations/acme", {"name": "Acme 2"}).status_code == 303
    assert Organisation.objects.get(key="acme").name == "Acme 2"
    assert "Acme 2" in owner.get("/admin/organisations?text=ACME").content.decode()
    assert "Acme 2" not in admin.get("/admin/organisations?text=ACME").content.decode()
    assert admin.post("/admin/organisations/provider", {"name": "Mine"}).status_code == 404


def test_teams(world: World, admin: Client) -> None:
    data = {"organisation": "provider", "key": "night", "name": "夜班", "line": "supplier"}
    assert admin.post("/admin/teams/new", data).status_code == 422
    made = admin.post("/admin/teams/new", data | {"line": "second"})
    team = Team.objects.get(key="night")
    assert made["Location"] == f"/admin/teams/{team.uuid}"
    ken, sue = world.people["ken"], world.people["sue"]
    path = f"/admin/teams/{team.uuid}"
    assert ken.name in admin.get(path).content.decode()
    foreign = admin.post(path, {"name": "夜班", "line": "third", "people": [str(ken.uuid), str(sue.uuid)]})
    assert foreign.status_code == 422 and not team.people.exists()
    done = admin.post(path, {"name": "夜班二", "line": "third", "people": [str(ken.uuid)]})
    team.refresh_from_db()
    assert done.status_code == 303 and (team.name, team.line) == ("夜班二", "third")
    assert list(team.people.all()) == [ken]
    assert "夜班二" in admin.get("/admin/teams?text=night").content.decode()


def test_of_too_many_organisations_one_types_which(
    world: World, admin: Client, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("twin-a", "twin-b"):
        owner.post("/admin/organisations/new", {"key": name, "name": "Twins", "kind": "client"})
    assert '<option value="twin-a">' in owner.get("/admin/people").content.decode()
    monkeypatch.setattr(administration, "MOST_OFFERED", 1)

    assert '<option value="twin-a"' not in owner.get("/admin/people").content.decode()
    narrowed = owner.get("/admin/people?organisation=twin-a").content.decode()
    assert '<option value="twin-a" selected>' in narrowed and '<option value="twin-b"' not in narrowed
    page = owner.get("/admin/people/new?organisation=twin-a").content.decode()
    assert re.search(r'<input type="text" name="organisation" value="twin-a"', page)

    person = {"login": "typed", "name": "Typed", "language": "en", "zone": "UTC"}
    for typed, text in (("nowhere", "没有键或名称相符的组织"), ("twins", "请填写键"), ("", "此项必填")):
        refused = owner.post("/admin/people/new", person | {"organisation": typed})
        assert refused.status_code == 422 and text in refused.content.decode(), typed
    assert owner.post("/admin/people/new", person | {"organisation": " twin-b "}).status_code == 303
    assert Person.objects.get(login="typed").organisation.key == "twin-b"
    strangers = admin.post("/admin/people/new", person | {"login": "other", "organisation": "twin-a"})
    assert strangers.status_code == 422  # beyond the reach there is no such organisation
    client = {"organisation": "twin-a", "key": "x", "name": "X", "line": "second"}
    assert owner.post("/admin/teams/new", client).status_code == 422  # clients have no teams
    named = Organisation.objects.get(key="provider").name
    team = {"organisation": named, "key": "typed", "name": "T", "line": "second"}
    assert owner.post("/admin/teams/new", team).status_code == 303
    page = owner.get("/admin/teams/new").content.decode()
    assert "客户没有团队" in page and "组织的键或完整名称" in page
    by_organisation = owner.get("/admin/teams", {"text": named}).content.decode()
    assert f">{team['name']}</a>" in by_organisation and "<select" not in by_organisation


def test_of_too_many_people_a_team_looks_for_new_members(
    world: World, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(administration, "MOST_OFFERED", 1)
    team = Team.objects.get(key="second-line")
    path, ken = f"/admin/teams/{team.uuid}", world.people["ken"]
    team.people.set([ken])
    before, new, gone = new_person("finder-before"), new_person("finder-new"), new_person("finder-gone")
    Person.objects.filter(pk=gone.pk).update(is_active=False)
    page = admin.get(path).content.decode()
    assert str(ken.uuid) in page and str(before.uuid) not in page and f"{path}/people" in page

    found = admin.get(f"{path}/people?find=FINDER").content.decode()
    assert str(before.uuid) in found and str(new.uuid) in found and str(gone.uuid) not in found
    assert str(ken.uuid) not in admin.get(f"{path}/people?find=ken").content.decode()  # is in it already
    assert str(world.people["sue"].uuid) not in admin.get(f"{path}/people?find=sue").content.decode()
    assert admin.get(f"{path}/people?find=").content.decode().strip() == ""
    more = "还有更多人员"
    assert more not in found
    monkeypatch.setattr(administration, "FOUND", 1)
    assert more in admin.get(f"{path}/people?find=finder").content.decode()

    data = {"name": "二线", "line": "second", "people": [str(ken.uuid), str(new.uuid)]}
    assert admin.post(path, data).status_code == 303
    assert set(team.people.all()) == {ken, new}
    wrong = admin.post(path, data | {"name": "", "people": [str(ken.uuid), str(before.uuid)]})
    assert wrong.status_code == 422 and str(before.uuid) in wrong.content.decode()  # nobody is forgotten
    for strangers in (str(world.people["sue"].uuid), "x", "\x00"):
        assert admin.post(path, data | {"people": [strangers]}).status_code == 422
    assert set(team.people.all()) == {ken, new}


# --- an unattended browser


@pytest.mark.parametrize(("box", "ended"), [({"end_tokens": "on"}, True), ({}, False)])
def test_the_box_beside_a_password_says_whether_tokens_end(
    world: World, admin: Client, box: dict[str, str], ended: bool
) -> None:
    person = new_person(f"box-{ended}".lower())
    create_token(viewer=SYSTEM_VIEWER, person=person, name="robot", scopes=["read"])
    page = admin.get(f"/admin/people/{person.uuid}/password").content.decode()
    assert re.search(r'name="end_tokens"[^>]* checked', page)  # ticked unless somebody unticks it
    typed = {"password": STRONG, "again": STRONG, **box}
    assert admin.post(f"/admin/people/{person.uuid}/password", typed).status_code == 303
    assert person.tokens.filter(revoked_at=None).exists() is not ended


@pytest.mark.parametrize("path", ["password", "invitation", "second-factor"])
def test_accounts_are_opened_with_ones_own_password_only(world: World, path: str) -> None:
    person = new_person(f"opened-{path}")
    with time_machine.travel(datetime.now(UTC) - timedelta(hours=1), tick=False):
        client = client_of(world.people["role-provider-admin"])
    response = client.post(
        f"/admin/people/{person.uuid}/{path}", {"password": STRONG, "again": STRONG, "do": "link"}
    )
    assert response.status_code == 303
    assert response["Location"] == f"/me/confirm?next=%2Fadmin%2Fpeople%2F{person.uuid}"
    person.refresh_from_db()
    assert not person.has_usable_password()
    hidden = world.people["charlie"]
    assert client.post(f"/admin/people/{hidden.uuid}/{path}").status_code == 404


# --- invitations


@pytest.fixture
def mail() -> Iterator[list[tuple[str, str, str]]]:
    sent: list[tuple[str, str, str]] = []
    before = letters._senders[:]
    letters.register(lambda person, subject, text: sent.append((person.email, subject, text)), lambda: True)
    yield sent
    letters._senders[:] = before


def test_an_invitation_by_link(world: World, admin: Client) -> None:
    person = new_person("invited", "supplied-client")
    response = admin.post(f"/admin/people/{person.uuid}/invitation", {"do": "link"})
    assert response.status_code == 200 and "no-store" in response["Cache-Control"]
    found = re.search(r'id="link">http://testserver(/invitation\?key=[^<]+)<', response.content.decode())
    assert found
    theirs = Client()
    moved = theirs.get(found[1].replace("&amp;", "&"))
    assert (moved.status_code, moved["Location"]) == (302, "/invitation")  # the secret leaves the address
    assert person.login in theirs.get("/invitation").content.decode()
    weak = theirs.post("/invitation", {"password": "qwjx", "again": "qwjx"})
    assert weak.status_code == 422 and "id_password_error" in weak.content.decode()
    assert "qwjx" not in without_tokens(weak.content.decode())  # a password is never sent back
    assert theirs.post("/invitation", {"password": STRONG, "again": STRONG}).status_code == 303
    person.refresh_from_db()
    assert person.check_password(STRONG) and not person.must_change_password
    for client in (theirs, Client()):
        assert client.get(found[1]).status_code == 404
        assert client.post("/invitation", {"password": STRONG, "again": STRONG}).status_code == 404


def test_an_invitation_by_mail(
    world: World, admin: Client, mail: list[tuple[str, str, str]], settings: Any
) -> None:
    settings.ORIGINS = ["https://it.example.com"]
    person = new_person("mailed", "supplied-client", email="m@example.com", language="en")
    response = admin.post(f"/admin/people/{person.uuid}/invitation", {"do": "mail"})
    assert response.status_code == 303
    ((to, subject, text),) = mail
    assert to == "m@example.com" and subject == "Your access to Yunheng"
    link = re.search(r"https://it\.example\.com(/invitation\S+)", text)
    assert link and Client().get(link[1]).status_code == 302
    assert "invitation?key=" not in admin.get(f"/admin/people/{person.uuid}").content.decode()


def test_without_an_address_of_the_site_no_invitation_is_mailed(
    world: World, admin: Client, mail: list[tuple[str, str, str]]
) -> None:
    person = new_person("unlinked", "supplied-client", email="l@example.com")
    assert 'value="mail"' not in admin.get(f"/admin/people/{person.uuid}").content.decode()
    response = admin.post(f"/admin/people/{person.uuid}/invitation", {"do": "mail"})
    assert response.status_code == 200 and "/invitation?key=" in response.content.decode()
    assert mail == []


def test_without_mail_the_link_is_shown(world: World, admin: Client) -> None:
    person = new_person("unmailed", "supplied-client", email="u@example.com")
    before = letters._senders[:]
    letters._senders.clear()
    try:
        response = admin.post(f"/admin/people/{person.uuid}/invitation", {"do": "mail"})
    finally:
        letters._senders[:] = before
    assert response.status_code == 200 and "/invitation?key=" in response.content.decode()


# --- the matrix


def test_the_matrix_says_all_of_it(world: World, admin: Client) -> None:
    assert set(PERMISSION_LABELS) == PERMISSIONS
    assert set(ROLE_LABELS) == set(ROLES)
    text = admin.get("/admin/roles").content.decode()
    held = sum(len(role.permissions) for role in ROLES.values())
    assert text.count("✓") == held


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize(
    "path",
    [
        "/admin/people",
        "/admin/people/new",
        "/admin/people/import",
        "/admin/organisations",
        "/admin/organisations/provider",
        "/admin/teams",
        "/admin/teams/new",
        "/admin/roles",
    ],
)
def test_pages_in_both_languages(world: World, admin: Client, path: str, language: str) -> None:
    person = world.people["role-provider-admin"]
    Person.objects.filter(pk=person.pk).update(language=language)
    response = admin.get(path)
    assert response.status_code == 200
    text = response.content.decode()
    assert f'lang="{"zh-Hans" if language == "zh-hans" else "en"}"' in text
    assert "style=" not in text and "<script>" not in text and " onclick" not in text
