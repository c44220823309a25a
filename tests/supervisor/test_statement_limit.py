"""The web process has the database give up on what takes too long; commands and jobs have no such limit."""

from django.db import connection


def test_every_connection_of_the_web_process_has_a_limit(committed_db: object) -> None:
    from django.db.backends.signals import connection_created

    from yunheng.site.cli.web import limit_statements

    try:
        limit_statements(7)
        connection.close()
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("7s",)
    finally:
        connection_created.disconnect(dispatch_uid="yunheng.limit_statements")
        connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)
