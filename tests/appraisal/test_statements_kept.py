"""The database itself keeps what was issued, locked, entered and signed."""

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db


def test_the_tables_have_their_triggers_always() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'A'"
            " AND tgrelid IN ('statement'::regclass, 'statement_input'::regclass, 'appeal'::regclass,"
            " 'statement_signature'::regclass, 'statement_part'::regclass)"
        )
        found = {name for (name,) in cursor.fetchall()}
    assert found == {
        "statement_keeps_issued",
        "statement_keeps_frozen",
        "statement_stays_locked",
        "statement_stays",
        "statement_input_stays",
        "appeal_stays",
        "statement_signature_keeps_rows",
        "statement_signature_keeps_all",
        "statement_part_keeps_rows",
        "statement_part_keeps_all",
    }
