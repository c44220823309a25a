"""The tables of roles and permissions in the manual are those of accounts/roles.py."""

import pytest
from tests.docs.manual_pages import LANGUAGES, code_words, page, rows

from yunheng.accounts.actions import LINES
from yunheng.accounts.models import Organisation
from yunheng.accounts.roles import PERMISSIONS, ROLES
from yunheng.foundation.access import TOKEN_SCOPES

_HEADS = {"zh": ("角色", "权限"), "en": ("role", "permission")}
_SIDES = {
    "zh": {"provider": "服务商", "client": "客户", "supplier": "第三方厂商"},
    "en": {"provider": "provider", "client": "client", "supplier": "supplier"},
}
_SEES = {
    "zh": {"all": "这份合同的全部", "own": "自己报的", "supplier": "派给自己公司的"},
    "en": {
        "all": "all of the contract",
        "own": "those they asked for",
        "supplier": "those given to their company",
    },
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_roles_are_those_of_the_code(language: str) -> None:
    told = {
        key: (side, sees)
        for key, (_name, side, sees) in rows(page(language, "people"), _HEADS[language][0]).items()
    }
    assert told == {
        key: (_SIDES[language][role.kind], _SEES[language][role.sees]) for key, role in ROLES.items()
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_permissions_are_given_to_the_roles_of_the_code(language: str) -> None:
    table = rows(page(language, "people"), _HEADS[language][1])
    told = {permission: set(code_words(holders)) for permission, (_allows, holders) in table.items()}
    assert told == {
        permission: {key for key, role in ROLES.items() if permission in role.permissions}
        for permission in PERMISSIONS
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_kinds_lines_and_token_scopes_are_named(language: str) -> None:
    words = set(code_words(page(language, "people")))
    assert {*Organisation.Kind.values, *LINES, *TOKEN_SCOPES} <= words
