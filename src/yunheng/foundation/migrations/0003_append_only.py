"""The journal and its logs are append-only: triggers for everybody, rights for the application.

See DESIGN §3 and docs/adr/0001-leaf-format.md. A superuser can still disable the triggers; sealing makes it visible.
"""

from django.db import migrations

from yunheng.foundation.append_only import narrow_rights, open_schema, refuse_changes, refuse_function

RIGHTS = {
    "entry": "SELECT, INSERT",
    # Redaction sets data and salt of a class to NULL; the trigger below allows no other change.
    "entry_body": (
        "SELECT, INSERT, UPDATE (shared, shared_salt, internal, internal_salt, personal, personal_salt)"
    ),
    "unsealed": "SELECT, INSERT, DELETE",
    "log_leaf": "SELECT, INSERT",
    "log_node": "SELECT, INSERT",
    "log_state": "SELECT, INSERT, UPDATE",
    "log_audit": "SELECT, INSERT",
    "signing_key": "SELECT, INSERT",
    "tree_head": "SELECT, INSERT",
}

ERASE_ONLY = """
    CREATE FUNCTION allow_only_erasing() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.entry_id = OLD.entry_id
            AND (NEW.shared IS NULL AND NEW.shared_salt IS NULL
                OR (NEW.shared, NEW.shared_salt) IS NOT DISTINCT FROM (OLD.shared, OLD.shared_salt))
            AND (NEW.internal IS NULL AND NEW.internal_salt IS NULL
                OR (NEW.internal, NEW.internal_salt) IS NOT DISTINCT FROM (OLD.internal, OLD.internal_salt))
            AND (NEW.personal IS NULL AND NEW.personal_salt IS NULL
                OR (NEW.personal, NEW.personal_salt) IS NOT DISTINCT FROM (OLD.personal, OLD.personal_salt))
        THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'entry_body is append-only: a class and its salt can only be erased'
            USING ERRCODE = 'restrict_violation';
    END $$;
    CREATE TRIGGER entry_body_erases BEFORE UPDATE ON entry_body
        FOR EACH ROW EXECUTE FUNCTION allow_only_erasing();
    ALTER TABLE entry_body ENABLE ALWAYS TRIGGER entry_body_erases;
"""


class Migration(migrations.Migration):
    dependencies = [("foundation", "0002_log_nodes")]

    operations = [
        refuse_function(),
        refuse_changes("entry"),
        refuse_changes("log_leaf"),
        refuse_changes("log_node"),
        refuse_changes("tree_head"),
        refuse_changes("signing_key"),
        refuse_changes("entry_body", row_operations="DELETE"),
        migrations.RunSQL(
            ERASE_ONLY,
            "DROP TRIGGER entry_body_erases ON entry_body; DROP FUNCTION allow_only_erasing()",
        ),
        open_schema(),
        narrow_rights(RIGHTS),
    ]
