"""Organisations, people, roles and tokens: what is granted, and what is refused beside it."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from tests.desk.ground import Ground, make_ground, opened

from yunheng.accounts.actions import (
    create_organisation,
    create_person,
    create_team,
    create_token,
    disable_person,
    grant_membership,
    revoke_membership,
    revoke_token,
    set_password,
    set_team_people,
)
from yunheng.accounts.models import ApiToken, Organisation, Person
from yunheng.accounts.queries import people_visible_to, viewer_for_person, viewer_for_token
from yunheng.accounts.roles import PERMISSIONS, ROLES
from yunheng.desk.queries import access_ticket, timeline, visible_to
from yunheng.foundation.access import ADMIN_PERMISSIONS, ALL, READ_PERMISSIONS, SYSTEM_VIEWER, visible_classes
from yunheng.foundation.models import Entry
from yunheng.foundation.refusals import Forbidden, Invalid, NotFound

NOW = datetime(2026, 4, 1, tzinfo=UTC)
STRONG = "correct horse battery staple"


@pytest.fixture
def ground(db: None) -> Ground:
    return make_ground()


@pytest.fixture
def admin(ground: Ground) -> Person:
    """An administrator of the whole installation."""
    person = create_person(viewer=SYSTEM_VIEWER, login="root", name="Root", organisation=ground.provider)
    grant_membership(viewer=SYSTEM_VIEWER, person=person, role="provider_admin", scope=None)
    return person


# --- roles


@pytest.mark.parametrize(("role", "kind"), [(role.key, role.kind) for role in ROLES.values()])
def test_a_role_is_for_one_kind_of_organisation(ground: Ground, role: str, kind: str) -> None:
    organisations = {"provider": ground.provider, "client": ground.client, "supplier": ground.supplier}
    for own, organisation in organisations.items():
        person = create_person(
            viewer=SYSTEM_VIEWER, login=f"new-{own}", name="New", organisation=organisation
        )
        if own == kind:
            grant_membership(viewer=SYSTEM_VIEWER, person=person, role=role, scope=ground.scope)
            assert viewer_for_person(person).roles_in(ground.scope.pk) == {role}
        else:
            with pytest.raises(Invalid) as refused:
                grant_membership(viewer=SYSTEM_VIEWER, person=person, role=role, scope=ground.scope)
            assert refused.value.code == "role_kind"
            assert organisation.name in refused.value.message


def test_only_administrators_are_so_everywhere(ground: Ground, admin: Person) -> None:
    viewer = viewer_for_person(admin)
    assert viewer.scope_ids() is ALL
    assert viewer.may("admin.people", None) and viewer.may("ticket.close", 10**9)
    with pytest.raises(Invalid):
        grant_membership(viewer=viewer, person=admin, role="service_manager", scope=None)


def test_granting_and_revoking_are_entries_of_the_scope(ground: Ground) -> None:
    manager = ground.viewer("provider_admin")
    person = create_person(viewer=manager, login="new", name="Zhang", organisation=ground.provider)
    grant_membership(viewer=manager, person=person, role="engineer", scope=ground.scope)
    grant_membership(viewer=manager, person=person, role="engineer", scope=ground.scope)  # again: nothing
    revoke_membership(viewer=manager, person=person, role="engineer", scope=ground.scope)
    entries = Entry.objects.filter(scope=ground.scope, type__startswith="membership.").order_by("-id")[:2]
    assert [entry.type for entry in entries] == ["membership.revoked", "membership.granted"]
    for entry in entries:
        assert entry.body.shared["role"] == "engineer"
        assert "Zhang" not in str(entry.body.shared)
        assert entry.body.personal["person"]["name"] == "Zhang"
    with pytest.raises(NotFound):
        revoke_membership(viewer=manager, person=person, role="engineer", scope=ground.scope)


def test_who_may_grant(ground: Ground) -> None:
    other = make_ground("other")
    person = ground.people["engineer"]
    for viewer, scope in (
        (ground.viewer("service_manager"), ground.scope),
        (ground.viewer("provider_admin"), other.scope),
        (ground.viewer("provider_admin"), None),
        (ground.viewer("contact"), ground.scope),
    ):
        with pytest.raises(Forbidden) as refused:
            grant_membership(viewer=viewer, person=person, role="provider_admin", scope=scope)
        assert refused.value.permission == "admin.people"


def test_every_permission_of_the_tokens_table_exists() -> None:
    assert READ_PERMISSIONS | ADMIN_PERMISSIONS <= PERMISSIONS


# --- people


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"login": "has blank"}, "login"),
        ({"login": ""}, "login"),
        ({"login": "ACME-Engineer"}, "login"),  # differs from an existing one in case only
        ({"name": " "}, "name"),
        ({"email": "no"}, "email"),
        ({"zone": "Mars/Base"}, "zone"),
        ({"language": "tlh"}, "language"),
        ({"password": "short"}, "password"),
        ({"password": "password123456"}, "password"),
        ({"password": "new-person-1"}, "password"),  # like the login
    ],
)
def test_a_person_with_faults_is_not_created(ground: Ground, changes: dict[str, str], field: str) -> None:
    values = {"login": "new-person", "name": "New", "password": STRONG} | changes
    count = Person.objects.count()
    with pytest.raises(Invalid) as refused:
        create_person(viewer=SYSTEM_VIEWER, organisation=ground.provider, **values)
    assert set(refused.value.fields) == {field}
    assert Person.objects.count() == count


def test_passwords(ground: Ground, admin: Person) -> None:
    person = ground.people["engineer"]
    viewer = viewer_for_person(person)
    assert not person.has_usable_password()
    set_password(viewer=viewer_for_person(admin), person=person, password=STRONG)
    assert Person.objects.get(pk=person.pk).check_password(STRONG)
    with pytest.raises(Invalid):
        set_password(viewer=viewer, person=person, password="another good one", old_password="wrong")
    set_password(viewer=viewer, person=person, password="another good one", old_password=STRONG)
    with pytest.raises(Forbidden):
        set_password(viewer=ground.viewer("service_manager"), person=person, password=STRONG)
    with pytest.raises(Invalid) as refused:
        set_password(viewer=viewer_for_person(admin), person=person, password="12345")
    assert len(refused.value.fields["password"]) >= 2


def test_who_is_disabled_may_nothing(ground: Ground, admin: Person) -> None:
    person = ground.people["desk_agent"]
    token = create_token(viewer=viewer_for_person(person), person=person, name="phone", scopes=["write"])
    with pytest.raises(Forbidden):
        disable_person(viewer=ground.viewer("service_manager"), person=person)
    disable_person(viewer=viewer_for_person(admin), person=person)
    assert viewer_for_person(person).grants == frozenset()
    assert viewer_for_token(token.secret, NOW) is None
    with pytest.raises(Invalid):
        disable_person(viewer=viewer_for_person(admin), person=admin)


def test_teams(ground: Ground) -> None:
    manager = ground.viewer("provider_admin")
    stranger = ground.people["contact"]
    with pytest.raises(Invalid) as refused:
        create_team(
            viewer=manager,
            organisation=ground.provider,
            key="x",
            name="X",
            line="supplier",
            people=[stranger],
        )
    assert set(refused.value.fields) == {"line", "people"}
    with pytest.raises(Invalid):
        create_team(viewer=manager, organisation=ground.client, key="x", name="X")
    team = create_team(viewer=manager, organisation=ground.provider, key="x", name="X", line="second")
    with pytest.raises(Invalid):
        create_team(viewer=manager, organisation=ground.provider, key="x", name="Again")
    with pytest.raises(Invalid):
        set_team_people(viewer=manager, team=team, people=[stranger])
    with pytest.raises(Forbidden):
        create_team(viewer=ground.viewer("engineer"), organisation=ground.provider, key="y", name="Y")


def test_organisations(ground: Ground, admin: Person) -> None:
    with pytest.raises(Forbidden):
        create_organisation(viewer=ground.viewer("provider_admin"), key="new", name="New", kind="client")
    with pytest.raises(Invalid) as refused:
        create_organisation(viewer=viewer_for_person(admin), key="A B", name="", kind="friend")
    assert set(refused.value.fields) == {"key", "name", "kind"}
    create_organisation(viewer=viewer_for_person(admin), key="new", name="New", kind="client")
    with pytest.raises(Invalid):
        create_organisation(viewer=viewer_for_person(admin), key="new", name="New", kind="client")
    assert Organisation.objects.filter(key="new").count() == 1


def test_people_of_another_client_are_not_shown(ground: Ground) -> None:
    other = make_ground("other")
    seen = set(people_visible_to(ground.viewer("contact")).values_list("login", flat=True))
    assert "acme-engineer" in seen and "acme-requester" in seen
    assert not {login for login in seen if login.startswith("other-")}
    assert other.people["contact"].login not in seen


# --- tokens


def test_the_secret_is_shown_once_and_only_its_digest_kept(ground: Ground) -> None:
    person = ground.people["engineer"]
    made = create_token(viewer=viewer_for_person(person), person=person, name="laptop", scopes=["read"])
    row = ApiToken.objects.get(pk=made.token.pk)
    assert bytes(row.digest) == hashlib.sha256(made.secret.encode()).digest()
    assert made.secret.startswith(row.hint) and len(row.hint) < 12 < len(made.secret)
    stored = [str(getattr(row, field.attname)) for field in ApiToken._meta.fields]
    assert not any(made.secret in value for value in stored)


@pytest.mark.parametrize(
    ("scopes", "can", "cannot"),
    [
        (["read"], {"entry.internal"}, {"ticket.work", "admin.people", "contract.apply"}),
        (["write"], {"entry.internal", "ticket.work"}, {"admin.people", "contract.apply"}),
        (["admin"], {"entry.internal", "admin.people"}, {"ticket.work"}),
        (["read", "write", "admin"], {"ticket.work", "admin.people"}, {"ticket.confirm"}),
    ],
)
def test_token_scopes_only_narrow(ground: Ground, scopes: list[str], can: set[str], cannot: set[str]) -> None:
    person = ground.people["provider_admin"]
    made = create_token(viewer=viewer_for_person(person), person=person, name="t", scopes=scopes)
    viewer = viewer_for_token(made.secret, NOW)
    assert viewer is not None and viewer.actor.kind == "token"
    allowed = viewer.permissions(ground.scope.pk)
    assert can <= allowed and not cannot & allowed
    assert allowed <= viewer_for_person(person).permissions(ground.scope.pk)
    with pytest.raises(Forbidden):  # a token makes no tokens
        create_token(viewer=viewer, person=person, name="t2", scopes=["read"])


def test_no_token_sets_a_password_or_makes_a_token(ground: Ground, admin: Person) -> None:
    """A leaked token must not become a sign-in, which it does not narrow and revoking does not end."""
    signed_in = viewer_for_person(admin)
    made = create_token(viewer=signed_in, person=admin, name="ci", scopes=["read", "write", "admin"])
    holder = viewer_for_token(made.secret, datetime.now(UTC))
    assert holder is not None
    victim = ground.people["desk_agent"]
    with pytest.raises(Forbidden):
        set_password(viewer=holder, person=victim, password="a long enough phrase 1")
    with pytest.raises(Forbidden):
        create_token(viewer=holder, person=victim, name="more", scopes=["read"])
    set_password(viewer=signed_in, person=victim, password="a long enough phrase 1")
    victim.refresh_from_db()
    assert victim.check_password("a long enough phrase 1")


def test_tokens_end(ground: Ground) -> None:
    person = ground.people["engineer"]
    viewer = viewer_for_person(person)
    until = datetime.now(UTC) + timedelta(days=1)
    made = create_token(viewer=viewer, person=person, name="t", scopes=["read"], expires_at=until)
    assert viewer_for_token(made.secret, until - timedelta(seconds=1)) is not None
    assert viewer_for_token(made.secret, until) is None
    assert viewer_for_token(made.secret + "x", NOW) is None
    with pytest.raises(Forbidden):
        revoke_token(viewer=ground.viewer("desk_agent"), token=made.token)
    revoke_token(viewer=viewer, token=made.token)
    assert viewer_for_token(made.secret, NOW) is None


def test_tokens_with_faults(ground: Ground) -> None:
    person = ground.people["engineer"]
    viewer = viewer_for_person(person)
    with pytest.raises(Invalid) as refused:
        create_token(
            viewer=viewer, person=person, name="", scopes=["sudo"], expires_at=NOW.replace(year=2000)
        )
    assert set(refused.value.fields) == {"name", "scopes", "expires_at"}
    with pytest.raises(Forbidden):
        create_token(viewer=viewer, person=ground.people["desk_agent"], name="t", scopes=["read"])


# --- what each role sees


def test_who_sees_which_ticket(ground: Ground) -> None:
    other = make_ground("other")
    mine = opened(ground, requester=ground.people["requester"]).ticket
    theirs = opened(ground).ticket
    foreign = opened(other).ticket
    for role in ROLES:
        seen = set(visible_to(ground.viewer(role)).values_list("number", flat=True))
        whole = {mine.number, theirs.number}
        assert seen == (
            {mine.number} if role == "requester" else set() if role == "supplier_engineer" else whole
        )
        assert foreign.number not in seen
        with pytest.raises(NotFound) as refused:
            access_ticket(ground.viewer(role), foreign.number)
        with pytest.raises(NotFound) as missing:
            access_ticket(ground.viewer(role), "ACME-INC-20260401-9999")
        assert refused.value.message.replace(foreign.number, "") == missing.value.message.replace(
            "ACME-INC-20260401-9999", ""
        )


def test_what_each_role_reads_of_an_entry(ground: Ground) -> None:
    from yunheng.desk.actions import note

    ticket = opened(ground).ticket
    note(ground.viewer("engineer"), ticket.number, "the client's own fault", recorded_at=ticket.opened_at)
    for role in ROLES:
        viewer = ground.viewer(role)
        classes = visible_classes(viewer, ground.scope.pk)
        assert classes[0] == "shared"
        is_provider = ROLES[role].kind == "provider"
        assert ("internal" in classes) == ("personal" in classes) == is_provider
        entries = timeline(viewer, ticket)
        types = [entry.type for entry in entries]
        assert types == (["ticket.opened", "ticket.noted"] if is_provider else ["ticket.opened"])
        assert entries[0].actor_name == ("desk_agent of acme" if is_provider else "")
        assert is_provider or "own fault" not in str(entries)
