"""How far `admin.people` reaches: one table of who may do what to whom, refusals beside what is allowed."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.desk.ground import Ground, make_ground
from tests.undoing import undone

from yunheng.accounts.actions import (
    change_person,
    change_team,
    create_person,
    create_team,
    create_token,
    disable_person,
    enable_person,
    grant_many,
    grant_membership,
    make_invitation,
    rename_organisation,
    revoke_many,
    revoke_membership,
    revoke_token,
    set_password,
    set_team_people,
)
from yunheng.accounts.actions.importing import import_people
from yunheng.accounts.models import Membership, Organisation, Person
from yunheng.accounts.queries import viewer_for_person, viewer_for_token
from yunheng.accounts.reach import may_change, reach_of
from yunheng.accounts.security import reset_second_factor
from yunheng.foundation.access import ALL, SYSTEM_VIEWER, Viewer
from yunheng.foundation.models import Entry
from yunheng.foundation.refusals import Forbidden, Invalid

STRONG = "correct horse battery staple"


@dataclass
class Two:
    """Two contracts of one provider with different clients; the supplier is named in both."""

    one: Ground
    other: Ground
    owner: Viewer
    people: dict[str, Person]

    @property
    def admin(self) -> Viewer:
        """Who administers the first contract, and no other."""
        return self.one.viewer("provider_admin")


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: Any) -> Iterator[Two]:
    with django_db_blocker.unblock(), undone():
        yield _two()


@pytest.fixture
def two(built: Two) -> Iterator[Two]:
    with undone():
        yield deepcopy(built)


def _two() -> Two:
    one, other = make_ground(), make_ground("other")
    root = create_person(viewer=SYSTEM_VIEWER, login="root", name="Root", organisation=one.provider)
    grant_membership(viewer=SYSTEM_VIEWER, person=root, role="provider_admin", scope=None)

    def person(login: str, organisation: Organisation, *grants: tuple[str, Ground]) -> Person:
        made = create_person(viewer=SYSTEM_VIEWER, login=login, name=login, organisation=organisation)
        for role, ground in grants:
            grant_membership(viewer=SYSTEM_VIEWER, person=made, role=role, scope=ground.scope)
        return made

    people = {
        "root": root,
        "colleague": person("colleague", one.provider, ("engineer", one)),
        "new": person("new", one.provider),
        "both": person("both", one.provider, ("engineer", one), ("engineer", other)),
        "elsewhere": person("elsewhere", one.provider, ("engineer", other)),
        "their_contact": person("their_contact", one.client, ("contact", one)),
        "other_contact": person("other_contact", other.client, ("contact", other)),
        "other_new": person("other_new", other.client),
        "vendor": person("vendor", one.supplier, ("supplier_engineer", one)),
        "vendor_elsewhere": person("vendor_elsewhere", one.supplier, ("supplier_engineer", other)),
    }
    return Two(one, other, viewer_for_person(root), people)


#: Person → may somebody who administers the first contract only set a password, disable, rename …?
MAY_CHANGE = {
    "root": False,  # holds a role everywhere
    "colleague": True,
    "new": True,
    "both": False,
    "elsewhere": False,
    "their_contact": True,
    "other_contact": False,
    "other_new": False,  # of an organisation that is not party
    "vendor": True,
    "vendor_elsewhere": False,
}

ON_PEOPLE: dict[str, Callable[[Viewer, Person], object]] = {
    "change": lambda viewer, person: change_person(
        viewer=viewer, person=person, name="X", email="", language="en", zone="UTC"
    ),
    "set_password": lambda viewer, person: set_password(viewer=viewer, person=person, password=STRONG),
    "invite": lambda viewer, person: make_invitation(viewer=viewer, person=person),
    "disable": lambda viewer, person: disable_person(viewer=viewer, person=person),
    "enable": lambda viewer, person: enable_person(viewer=viewer, person=person),
    "revoke_token": lambda viewer, person: revoke_token(
        viewer=viewer,
        token=create_token(viewer=SYSTEM_VIEWER, person=person, name="t", scopes=["read"]).token,
    ),
}


@pytest.mark.parametrize("who", MAY_CHANGE)
@pytest.mark.parametrize("act", ON_PEOPLE)
def test_who_administers_one_contract_changes_nobody_with_roles_elsewhere(
    two: Two, act: str, who: str
) -> None:
    person = two.people[who]
    assert may_change(two.admin, person) is MAY_CHANGE[who]
    if MAY_CHANGE[who]:
        ON_PEOPLE[act](two.admin, person)
        return
    before = Person.objects.filter(pk=person.pk).values().get()
    with pytest.raises(Forbidden) as refused:
        ON_PEOPLE[act](two.admin, person)
    assert refused.value.permission == "admin.people"
    assert Person.objects.filter(pk=person.pk).values().get() == before


@pytest.mark.parametrize(
    "role", ["service_manager", "desk_agent", "engineer", "contact", "supplier_engineer"]
)
@pytest.mark.parametrize("act", ON_PEOPLE)
def test_other_roles_change_nobody(two: Two, act: str, role: str) -> None:
    with pytest.raises(Forbidden):
        ON_PEOPLE[act](two.one.viewer(role), two.people["new"])


@pytest.mark.parametrize("who", [name for name in MAY_CHANGE if name != "root"])
@pytest.mark.parametrize("act", ON_PEOPLE)
def test_installation_administrators_change_everybody(two: Two, act: str, who: str) -> None:
    ON_PEOPLE[act](two.owner, two.people[who])


#: (who is given, which role, where) → may somebody who administers the first contract only?
GRANTS = [
    ("new", "engineer", "one", True),
    ("new", "provider_admin", "one", True),
    ("elsewhere", "engineer", "one", True),  # a colleague's roles elsewhere stay what they are
    ("new", "engineer", "other", False),
    ("new", "provider_admin", "other", False),
    ("new", "provider_admin", None, False),
    ("their_contact", "appraiser", "one", True),
    ("their_contact", "appraiser", "other", False),
    ("other_contact", "contact", "one", False),  # not a party of the first contract
    ("other_new", "contact", "one", False),
    ("vendor_elsewhere", "supplier_engineer", "one", True),
]


@pytest.mark.parametrize(("who", "role", "where", "is_allowed"), GRANTS)
def test_roles_are_given_where_one_administers(
    two: Two, who: str, role: str, where: str | None, is_allowed: bool
) -> None:
    person = two.people[who]
    scope = {"one": two.one.scope, "other": two.other.scope, None: None}[where]
    count = Membership.objects.count()
    if is_allowed:
        grant_membership(viewer=two.admin, person=person, role=role, scope=scope)
        assert Membership.objects.count() == count + 1
        revoke_membership(viewer=two.admin, person=person, role=role, scope=scope)
        if scope is not None:
            assert grant_many(viewer=two.admin, people=[person], role=role, scope=scope) == [person]
            assert grant_many(viewer=two.admin, people=[person], role=role, scope=scope) == []
            assert revoke_many(viewer=two.admin, people=[person], role=role, scope=scope) == [person]
            assert revoke_many(viewer=two.admin, people=[person], role=role, scope=scope) == []
    else:
        with pytest.raises(Forbidden):
            grant_membership(viewer=two.admin, person=person, role=role, scope=scope)
        if scope is not None:
            with pytest.raises(Forbidden):
                grant_many(viewer=two.admin, people=[two.people["colleague"], person], role=role, scope=scope)
    assert Membership.objects.count() == count


def test_a_role_elsewhere_is_not_taken(two: Two) -> None:
    for act in (
        lambda: revoke_membership(
            viewer=two.admin, person=two.people["both"], role="engineer", scope=two.other.scope
        ),
        lambda: revoke_many(
            viewer=two.admin, people=[two.people["both"]], role="engineer", scope=two.other.scope
        ),
        lambda: revoke_membership(
            viewer=two.admin, person=two.people["root"], role="provider_admin", scope=None
        ),
    ):
        with pytest.raises(Forbidden):
            act()
    with pytest.raises(Invalid):  # nobody locks the installation by taking the last key from themselves
        revoke_membership(viewer=two.owner, person=two.people["root"], role="provider_admin", scope=None)


#: Organisation → may somebody who administers the first contract create people and teams in it?
ORGANISATIONS = {"provider": True, "client": True, "supplier": True, "other_client": False, "unnamed": False}


@pytest.mark.parametrize(("name", "is_allowed"), ORGANISATIONS.items())
def test_people_and_teams_are_made_at_the_parties(two: Two, name: str, is_allowed: bool) -> None:
    unnamed = Organisation.objects.create(key="unnamed", name="Unnamed", kind="supplier")
    organisation = {
        "provider": two.one.provider,
        "client": two.one.client,
        "supplier": two.one.supplier,
        "other_client": two.other.client,
        "unnamed": unnamed,
    }[name]
    assert reach_of(two.admin).has_organisation(organisation.pk) is is_allowed
    line = "supplier" if organisation.kind == "supplier" else "first"
    team = None
    if organisation.kind != "client":
        team = create_team(viewer=SYSTEM_VIEWER, organisation=organisation, key="t", name="T", line=line)

    def make_person(viewer: Viewer, login: str) -> None:
        create_person(viewer=viewer, login=login, name="P", organisation=organisation)

    def make_team(viewer: Viewer, key: str) -> None:
        create_team(viewer=viewer, organisation=organisation, key=key, name="K", line=line)

    acts: list[Callable[[Viewer, str], object]] = [make_person]
    if team is not None:
        acts += [
            make_team,
            lambda viewer, _key: set_team_people(viewer=viewer, team=team, people=[]),
            lambda viewer, _key: change_team(viewer=viewer, team=team, name="U", line=line),
        ]
    for act in acts:
        if is_allowed:
            act(two.admin, "one")
        else:
            with pytest.raises(Forbidden):
                act(two.admin, "two")
        act(two.owner, "three")
        with pytest.raises(Forbidden):
            act(two.one.viewer("service_manager"), "four")


def test_organisations_are_for_the_installation(two: Two) -> None:
    with pytest.raises(Forbidden):
        rename_organisation(viewer=two.admin, organisation=two.one.client, name="New name")
    with pytest.raises(Invalid):
        rename_organisation(viewer=two.owner, organisation=two.one.client, name=" ")
    rename_organisation(viewer=two.owner, organisation=two.one.client, name="New name")
    assert Organisation.objects.get(pk=two.one.client.pk).name == "New name"


def test_the_reach_of_each_role(two: Two) -> None:
    assert reach_of(SYSTEM_VIEWER).scope_ids is ALL
    assert reach_of(two.owner).organisation_ids is ALL
    parties = {two.one.provider.pk, two.one.client.pk, two.one.supplier.pk}
    assert reach_of(two.admin).organisation_ids == parties
    assert reach_of(two.admin).scope_ids == {two.one.scope.pk}
    for role in ("service_manager", "desk_agent", "contact", "requester", "supplier_engineer", "auditor"):
        assert reach_of(two.one.viewer(role)).is_nothing


def test_a_token_is_no_way_to_a_sign_in(two: Two) -> None:
    """Whoever finds an administrator's token creates nobody whom they can sign in as."""
    person = two.people["root"]
    secret = create_token(
        viewer=two.owner, person=person, name="ci", scopes=["read", "write", "admin"]
    ).secret
    holder = viewer_for_token(secret, datetime.now(UTC))
    assert holder is not None
    for act in (
        lambda: create_person(
            viewer=holder, login="me", name="Me", organisation=two.one.provider, password=STRONG
        ),
        lambda: set_password(viewer=holder, person=two.people["new"], password=STRONG),
        lambda: make_invitation(viewer=holder, person=two.people["new"]),
        lambda: reset_second_factor(viewer=holder, person=two.people["new"]),
        lambda: change_person(
            viewer=holder,
            person=two.people["new"],
            name="new",
            email="me@evil.example",
            language="en",
            zone="UTC",
        ),
        lambda: import_people(holder, [(2, {"login": "new", "email": "me@evil.example"})]),
    ):
        with pytest.raises(Forbidden):
            act()
    assert not create_person(
        viewer=holder, login="me", name="Me", organisation=two.one.provider
    ).has_usable_password()


def test_the_other_party_sees_who_set_a_password(two: Two) -> None:
    """A password that the provider sets for the client's contact, and a disabled one, are entries of the contract."""
    person = two.people["their_contact"]
    set_password(viewer=two.admin, person=person, password=STRONG)
    disable_person(viewer=two.admin, person=person)
    disable_person(viewer=two.admin, person=person)  # again: nothing
    enable_person(viewer=two.admin, person=person)
    set_password(viewer=viewer_for_person(person), person=person, password=STRONG + "!", old_password=STRONG)
    for viewer, email in (
        (two.admin, "a@example.com"),
        (SYSTEM_VIEWER, "a@example.com"),
    ):  # the second: nothing new
        change_person(viewer=viewer, person=person, name=person.name, email=email, language="en", zone="UTC")
    found = Entry.objects.filter(scope=two.one.scope, type__startswith="person.").order_by("id")
    assert [entry.type for entry in found] == [
        "person.password_set",
        "person.disabled",
        "person.enabled",
        "person.email_changed",
    ]
    for entry in found:
        assert entry.body.shared["organisation"] == two.one.client.key
        assert "their_contact" not in str(entry.body.shared)
        assert entry.body.personal["person"]["name"] == "their_contact"
        assert entry.body.personal["actor"]["name"] == "provider_admin of acme"
    assert not Entry.objects.filter(scope=two.other.scope, type__startswith="person.").exists()


def test_a_password_set_by_others_must_be_changed(two: Two) -> None:
    person = create_person(
        viewer=two.admin, login="first", name="First", organisation=two.one.client, password=STRONG
    )
    assert person.must_change_password
    own = viewer_for_person(person)
    with pytest.raises(Invalid) as refused:
        set_password(viewer=own, person=person, password=STRONG, old_password=STRONG)
    assert set(refused.value.fields) == {"password"}  # the same again is no change
    set_password(viewer=own, person=person, password=STRONG + "!", old_password=STRONG)
    assert not Person.objects.get(pk=person.pk).must_change_password
    set_password(viewer=two.admin, person=person, password=STRONG)
    assert Person.objects.get(pk=person.pk).must_change_password


def test_administrators_need_their_own_old_password(two: Two) -> None:
    """Who finds an administrator's open session does not lock the administrator out."""
    root = two.people["root"]
    with pytest.raises(Invalid) as refused:
        set_password(viewer=two.owner, person=root, password=STRONG)
    assert set(refused.value.fields) == {"old_password"}
    with pytest.raises(Invalid):
        make_invitation(viewer=two.owner, person=root)
