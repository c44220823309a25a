"""Statements with what was entered, contested and signed; rectification orders. What was agreed on stays."""

import django.db.models.deletion
import django.db.models.functions.datetime
import yunheng.foundation.identity
from django.conf import settings
from django.db import migrations, models

from yunheng.foundation.append_only import narrow_rights, refuse_changes


class Migration(migrations.Migration):

    dependencies = [
        ('appraisal', '0001_wall_screen'),
        ('contracts', '0003_console'),
        ('sla', '0004_disputable'),
        ('foundation', '0005_attachments_and_idempotency'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Statement',
            fields=[
                ('id', models.BigIntegerField(db_default=models.Func(models.Value('subject_id_seq'), function='nextval'), editable=False, primary_key=True, serialize=False)),
                ('uuid', models.UUIDField(default=yunheng.foundation.identity.uuid7, editable=False, unique=True)),
                ('number', models.CharField(db_collation='C', max_length=64, unique=True)),
                ('state', models.CharField(db_collation='C', max_length=40)),
                ('process_key', models.CharField(db_collation='C', max_length=40)),
                ('process_version', models.PositiveIntegerField()),
                ('row_version', models.PositiveIntegerField(default=1)),
                ('opened_at', models.DateTimeField()),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('kind', models.CharField(choices=[('month', 'Month'), ('quarter', 'Quarter'), ('year', 'Year')], db_collation='C', max_length=8)),
                ('period', models.CharField(db_collation='C', max_length=7)),
                ('begins_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('edition', models.PositiveIntegerField(default=1)),
                ('why_reversed', models.TextField(blank=True)),
                ('position', models.BigIntegerField(null=True)),
                ('evaluated_at', models.DateTimeField()),
                ('frozen', models.BinaryField(null=True)),
                ('digest', models.BinaryField(null=True)),
                ('value', models.DecimalField(decimal_places=4, max_digits=14, null=True)),
                ('grade', models.CharField(blank=True, db_collation='C', max_length=40)),
                ('vetoes', models.JSONField(default=list)),
                ('fee', models.DecimalField(decimal_places=4, max_digits=18, null=True)),
                ('payable', models.DecimalField(decimal_places=4, max_digits=18, null=True)),
                ('currency', models.CharField(blank=True, db_collation='C', max_length=3)),
                ('samples', models.JSONField(default=list)),
                ('drafted_by', models.CharField(blank=True, max_length=150)),
                ('drafted_at', models.DateTimeField()),
                ('issue_due_at', models.DateTimeField(null=True)),
                ('issued_by', models.CharField(blank=True, max_length=150)),
                ('issued_for', models.CharField(blank=True, max_length=200)),
                ('issued_at', models.DateTimeField(null=True)),
                ('answer_due_at', models.DateTimeField(null=True)),
                ('answered_by', models.CharField(blank=True, max_length=150)),
                ('answered_for', models.CharField(blank=True, max_length=200)),
                ('answered_at', models.DateTimeField(null=True)),
                ('answer', models.TextField(blank=True)),
                ('is_accepted_by_silence', models.BooleanField(default=False)),
                ('arbitration_due_at', models.DateTimeField(null=True)),
                ('arbitrated_at', models.DateTimeField(null=True)),
                ('locked_at', models.DateTimeField(null=True)),
                ('settled_by', models.CharField(blank=True, max_length=150)),
                ('settled_at', models.DateTimeField(null=True)),
                ('next_check_at', models.DateTimeField(null=True)),
                ('contract_version', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.contractversion')),
                ('reverses', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversed_by', to='appraisal.statement')),
                ('scope', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='foundation.scope')),
            ],
            options={
                'db_table': 'statement',
            },
        ),
        migrations.CreateModel(
            name='Signature',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=yunheng.foundation.identity.uuid7, editable=False, unique=True)),
                ('side', models.CharField(choices=[('provider', 'Provider'), ('client', 'Client')], db_collation='C', max_length=8)),
                ('method', models.CharField(choices=[('passkey', 'Passkey'), ('confirmation', 'Confirmation'), ('scan', 'Scan')], db_collation='C', max_length=16)),
                ('person', models.CharField(max_length=150)),
                ('organisation', models.CharField(max_length=200)),
                ('signed_at', models.DateTimeField()),
                ('digest', models.BinaryField()),
                ('proof', models.JSONField(default=dict)),
                ('entry_id', models.BigIntegerField()),
                ('signer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('statement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='signatures', to='appraisal.statement')),
            ],
            options={
                'db_table': 'statement_signature',
            },
        ),
        migrations.CreateModel(
            name='Rectification',
            fields=[
                ('id', models.BigIntegerField(db_default=models.Func(models.Value('subject_id_seq'), function='nextval'), editable=False, primary_key=True, serialize=False)),
                ('uuid', models.UUIDField(default=yunheng.foundation.identity.uuid7, editable=False, unique=True)),
                ('number', models.CharField(db_collation='C', max_length=64, unique=True)),
                ('state', models.CharField(db_collation='C', max_length=40)),
                ('process_key', models.CharField(db_collation='C', max_length=40)),
                ('process_version', models.PositiveIntegerField()),
                ('row_version', models.PositiveIntegerField(default=1)),
                ('opened_at', models.DateTimeField()),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('item', models.CharField(blank=True, db_collation='C', max_length=40)),
                ('trigger', models.CharField(blank=True, db_collation='C', max_length=40)),
                ('what', models.TextField()),
                ('due_at', models.DateTimeField()),
                ('ordered_by', models.CharField(max_length=150)),
                ('ordered_for', models.CharField(blank=True, max_length=200)),
                ('report', models.TextField(blank=True)),
                ('reported_by', models.CharField(blank=True, max_length=150)),
                ('reported_at', models.DateTimeField(null=True)),
                ('answer', models.TextField(blank=True)),
                ('verified_by', models.CharField(blank=True, max_length=150)),
                ('verified_at', models.DateTimeField(null=True)),
                ('next_check_at', models.DateTimeField(null=True)),
                ('scope', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='foundation.scope')),
                ('statement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rectifications', to='appraisal.statement')),
            ],
            options={
                'db_table': 'rectification',
            },
        ),
        migrations.CreateModel(
            name='Appeal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=yunheng.foundation.identity.uuid7, editable=False, unique=True)),
                ('item', models.CharField(db_collation='C', max_length=40)),
                ('event', models.CharField(blank=True, db_collation='C', max_length=200)),
                ('argument', models.TextField()),
                ('claim', models.TextField()),
                ('filed_by', models.CharField(max_length=150)),
                ('filed_for', models.CharField(blank=True, max_length=200)),
                ('filed_at', models.DateTimeField()),
                ('entry_id', models.BigIntegerField()),
                ('reply', models.TextField(blank=True)),
                ('replied_by', models.CharField(blank=True, max_length=150)),
                ('replied_for', models.CharField(blank=True, max_length=200)),
                ('replied_at', models.DateTimeField(null=True)),
                ('reply_entry_id', models.BigIntegerField(null=True)),
                ('decision', models.CharField(blank=True, choices=[('upheld', 'Upheld'), ('partly', 'Partly'), ('rejected', 'Rejected')], db_collation='C', max_length=8)),
                ('change', models.JSONField(default=dict)),
                ('decided_at', models.DateTimeField(null=True)),
                ('statement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='appeals', to='appraisal.statement')),
            ],
            options={
                'db_table': 'appeal',
            },
        ),
        migrations.CreateModel(
            name='StatementInput',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=yunheng.foundation.identity.uuid7, editable=False, unique=True)),
                ('kind', models.CharField(choices=[('value', 'Value'), ('mark', 'Mark'), ('event', 'Event'), ('none_happened', 'None Happened')], db_collation='C', max_length=16)),
                ('key', models.CharField(db_collation='C', max_length=40)),
                ('event_key', models.CharField(blank=True, db_collation='C', max_length=100)),
                ('value', models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ('quantity', models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ('party', models.CharField(blank=True, db_collation='C', max_length=16)),
                ('occurred_at', models.DateTimeField(null=True)),
                ('subject', models.CharField(blank=True, db_collation='C', max_length=64)),
                ('note', models.TextField(blank=True)),
                ('reason', models.TextField(blank=True)),
                ('role', models.CharField(blank=True, db_collation='C', max_length=40)),
                ('rater', models.CharField(blank=True, max_length=150)),
                ('side', models.CharField(choices=[('provider', 'Provider'), ('client', 'Client')], db_collation='C', max_length=8)),
                ('entered_by', models.CharField(max_length=150)),
                ('entered_for', models.CharField(blank=True, max_length=200)),
                ('entered_at', models.DateTimeField()),
                ('entry_id', models.BigIntegerField()),
                ('withdrawn_by', models.CharField(blank=True, max_length=150)),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('why_withdrawn', models.TextField(blank=True)),
                ('statement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='inputs', to='appraisal.statement')),
            ],
            options={
                'db_table': 'statement_input',
            },
        ),
        migrations.CreateModel(
            name='AppealVote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('side', models.CharField(choices=[('provider', 'Provider'), ('client', 'Client')], db_collation='C', max_length=8)),
                ('decision', models.CharField(choices=[('upheld', 'Upheld'), ('partly', 'Partly'), ('rejected', 'Rejected')], db_collation='C', max_length=8)),
                ('change', models.JSONField(default=dict)),
                ('reason', models.TextField()),
                ('voted_by', models.CharField(max_length=150)),
                ('voted_for', models.CharField(blank=True, max_length=200)),
                ('voted_at', models.DateTimeField()),
                ('appeal', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='votes', to='appraisal.appeal')),
            ],
            options={
                'db_table': 'appeal_vote',
                'constraints': [models.UniqueConstraint(fields=('appeal', 'side'), name='appeal_vote_side')],
            },
        ),
        migrations.AddIndex(
            model_name='statement',
            index=models.Index(fields=['scope', '-id'], name='statement_scope'),
        ),
        migrations.AddIndex(
            model_name='statement',
            index=models.Index(condition=models.Q(('next_check_at__isnull', False)), fields=['next_check_at'], name='statement_check'),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'discarded'), _negated=True), fields=('scope', 'period', 'edition'), name='statement_edition'),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('digest__isnull', True), ('frozen__isnull', True)), models.Q(('digest__isnull', False), ('frozen__isnull', False)), _connector='OR'), name='statement_frozen_digest'),
        ),
        migrations.AddConstraint(
            model_name='signature',
            constraint=models.UniqueConstraint(fields=('statement', 'side'), name='statement_signature_side'),
        ),
        migrations.AddIndex(
            model_name='rectification',
            index=models.Index(fields=['scope', '-id'], name='rectification_scope'),
        ),
        migrations.AddIndex(
            model_name='rectification',
            index=models.Index(condition=models.Q(('next_check_at__isnull', False)), fields=['next_check_at'], name='rectification_check'),
        ),
        migrations.AddConstraint(
            model_name='appeal',
            constraint=models.UniqueConstraint(fields=('statement', 'item', 'event'), name='appeal_target'),
        ),
        migrations.AddIndex(
            model_name='statementinput',
            index=models.Index(fields=['statement', 'id'], name='statement_input_order'),
        ),
        refuse_changes("statement_signature"),
        # What was issued changes with the arbitration only; what is locked, and what was given up, never.
        migrations.RunSQL(
            """
            CREATE FUNCTION refuse_statement() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION '% is %: % is refused', OLD.number, OLD.state, TG_OP
                    USING ERRCODE = 'restrict_violation';
            END $$;
            CREATE TRIGGER statement_keeps_issued BEFORE UPDATE ON statement FOR EACH ROW
                WHEN (OLD.state <> 'drafted' AND (
                    OLD.number, OLD.scope_id, OLD.kind, OLD.period, OLD.begins_at, OLD.ends_at, OLD.edition,
                    OLD.why_reversed, OLD.contract_version_id, OLD.issued_at, OLD.issued_by, OLD.answer_due_at
                ) IS DISTINCT FROM (
                    NEW.number, NEW.scope_id, NEW.kind, NEW.period, NEW.begins_at, NEW.ends_at, NEW.edition,
                    NEW.why_reversed, NEW.contract_version_id, NEW.issued_at, NEW.issued_by, NEW.answer_due_at
                )) EXECUTE FUNCTION refuse_statement();
            CREATE TRIGGER statement_keeps_frozen BEFORE UPDATE ON statement FOR EACH ROW
                WHEN (OLD.state <> 'drafted'
                    AND NOT (OLD.state = 'appealed' AND NEW.state = 'arbitrated') AND (
                    OLD.frozen, OLD.digest, OLD.value, OLD.grade, OLD.vetoes, OLD.fee, OLD.payable, OLD.currency, OLD.position,
                    OLD.evaluated_at, OLD.samples
                ) IS DISTINCT FROM (
                    NEW.frozen, NEW.digest, NEW.value, NEW.grade, NEW.vetoes, NEW.fee, NEW.payable, NEW.currency, NEW.position,
                    NEW.evaluated_at, NEW.samples
                )) EXECUTE FUNCTION refuse_statement();
            CREATE TRIGGER statement_stays_locked BEFORE UPDATE ON statement FOR EACH ROW
                WHEN ((OLD.state = 'locked' AND NEW.state NOT IN ('locked', 'settled', 'replaced'))
                    OR (OLD.state = 'settled' AND NEW.state NOT IN ('settled', 'replaced'))
                    OR (OLD.state IN ('replaced', 'discarded') AND NEW.state <> OLD.state))
                EXECUTE FUNCTION refuse_statement();
            CREATE TRIGGER statement_stays BEFORE DELETE ON statement FOR EACH ROW
                WHEN (OLD.state <> 'drafted') EXECUTE FUNCTION refuse_statement();
            -- What somebody entered stays as it was entered; it can be withdrawn, once.
            CREATE FUNCTION refuse_input() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION '% is kept: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
            END $$;
            CREATE TRIGGER statement_input_stays BEFORE UPDATE ON statement_input FOR EACH ROW
                WHEN (OLD.withdrawn_at IS NOT NULL OR (
                    OLD.statement_id, OLD.kind, OLD.key, OLD.event_key, OLD.value, OLD.quantity, OLD.party, OLD.occurred_at,
                    OLD.subject, OLD.note, OLD.reason, OLD.role, OLD.rater, OLD.side, OLD.entered_by, OLD.entered_at,
                    OLD.entry_id
                ) IS DISTINCT FROM (
                    NEW.statement_id, NEW.kind, NEW.key, NEW.event_key, NEW.value, NEW.quantity, NEW.party, NEW.occurred_at,
                    NEW.subject, NEW.note, NEW.reason, NEW.role, NEW.rater, NEW.side, NEW.entered_by, NEW.entered_at,
                    NEW.entry_id
                )) EXECUTE FUNCTION refuse_input();
            CREATE TRIGGER appeal_stays BEFORE UPDATE ON appeal FOR EACH ROW
                WHEN ((OLD.statement_id, OLD.item, OLD.event, OLD.argument, OLD.claim, OLD.filed_by, OLD.filed_at)
                    IS DISTINCT FROM
                    (NEW.statement_id, NEW.item, NEW.event, NEW.argument, NEW.claim, NEW.filed_by, NEW.filed_at)
                    OR (OLD.decision <> '' AND (OLD.decision, OLD.change) IS DISTINCT FROM (NEW.decision, NEW.change)))
                EXECUTE FUNCTION refuse_input();
            -- Few among millions: what people dated back is shown to whoever appraises.
            CREATE INDEX entry_backdated ON entry (scope_id, occurred_at)
                WHERE source IN ('person', 'device') AND recorded_at - occurred_at > interval '1 minute';
            CREATE INDEX clock_fact_corrected ON clock_fact (scope_id, at) WHERE superseded_by > 0;
            ALTER TABLE statement ENABLE ALWAYS TRIGGER statement_keeps_issued;
            ALTER TABLE statement ENABLE ALWAYS TRIGGER statement_keeps_frozen;
            ALTER TABLE statement ENABLE ALWAYS TRIGGER statement_stays_locked;
            ALTER TABLE statement ENABLE ALWAYS TRIGGER statement_stays;
            ALTER TABLE statement_input ENABLE ALWAYS TRIGGER statement_input_stays;
            ALTER TABLE appeal ENABLE ALWAYS TRIGGER appeal_stays;
            """,
            """
            DROP INDEX clock_fact_corrected;
            DROP INDEX entry_backdated;
            DROP TRIGGER appeal_stays ON appeal;
            DROP TRIGGER statement_input_stays ON statement_input;
            DROP FUNCTION refuse_input();
            DROP TRIGGER statement_stays ON statement;
            DROP TRIGGER statement_stays_locked ON statement;
            DROP TRIGGER statement_keeps_frozen ON statement;
            DROP TRIGGER statement_keeps_issued ON statement;
            DROP FUNCTION refuse_statement();
            """,
        ),
        narrow_rights(
            {
                "statement": "SELECT, INSERT, UPDATE",
                "statement_input": "SELECT, INSERT, UPDATE",
                "appeal": "SELECT, INSERT, UPDATE",
                "appeal_vote": "SELECT, INSERT, UPDATE",
                "statement_signature": "SELECT, INSERT",
                "rectification": "SELECT, INSERT, UPDATE",
            }
        ),
    ]
