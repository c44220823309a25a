"""Addresses: people, organisations, teams and roles, for who administers them."""

from django.urls import URLPattern, URLResolver, path

from ..views import admin_file, admin_invitations, admin_organisations, admin_people, admin_teams

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/people", admin_people.people, name="people"),
    path("admin/people/new", admin_people.new, name="person_new"),
    path("admin/people/roles", admin_people.many_roles, name="people_roles"),
    path("admin/people/import", admin_file.upload, name="people_import"),
    path("admin/people/import/template", admin_file.template, name="people_import_template"),
    path("admin/people/import/confirm", admin_file.confirm, name="people_import_confirm"),
    path("admin/people/import/rejected", admin_file.rejected, name="people_import_rejected"),
    path("admin/people/<uuid:uuid>", admin_people.person, name="person"),
    path("admin/people/<uuid:uuid>/edit", admin_people.edit, name="person_edit"),
    path("admin/people/<uuid:uuid>/roles", admin_people.role, name="person_role"),
    path("admin/people/<uuid:uuid>/state", admin_people.state, name="person_state"),
    path("admin/people/<uuid:uuid>/password", admin_people.password, name="person_password"),
    path("admin/people/<uuid:uuid>/second-factor", admin_people.second_factor, name="person_second_factor"),
    path("admin/people/<uuid:uuid>/invitation", admin_invitations.invite, name="person_invite"),
    path(
        "admin/people/<uuid:uuid>/tokens/<uuid:token>/revoke", admin_people.end_token, name="person_token_end"
    ),
    path("admin/organisations", admin_organisations.organisations, name="organisations"),
    path("admin/organisations/new", admin_organisations.new, name="organisation_new"),
    path("admin/organisations/<slug:key>", admin_organisations.organisation, name="organisation"),
    path("admin/teams", admin_teams.teams, name="teams"),
    path("admin/teams/new", admin_teams.new, name="team_new"),
    path("admin/teams/<uuid:uuid>", admin_teams.team, name="team"),
    path("admin/teams/<uuid:uuid>/people", admin_teams.new_members, name="team_people"),
    path("admin/roles", admin_people.roles, name="roles"),
    path("invitation", admin_invitations.invitation, name="invitation"),
]
