"""What happened to cloned tickets: the journal and the facts of a life for each, made set-wise in a throwaway database.

The leaves are made up and stand in no log: reading and working on the tickets can be measured, proofs cannot.
"""

from psycopg import connect

from benchmarks.cloning import side_by_side
from benchmarks.measuring import timed

AT_ONCE = 50_000  #: tickets
#: Of larger worlds one closed ticket in so many has a story: entries are read along one index, whose depth is the same.
THIN = 10
THIN_FROM = 200_000  #: tickets


def clone_stories(url: str) -> None:
    """What happened to the cloned tickets: entries, bodies, facts, waiting periods; and their contracts' versions.

    Seven entries and as many facts for a ticket that is closed, up to six entries for an open one. Of THIN_FROM tickets
    on only one closed ticket in THIN has a story, and every open one.
    """
    with connect(url, autocommit=True) as server:
        server.execute("SET session_replication_role = replica")
        server.execute("SET synchronous_commit = off")
        for statement in (_VERSIONS, _CALENDARS, _TERMS):
            server.execute(statement)
        found = server.execute(
            "SELECT min(id), max(id), count(*) FROM ticket WHERE title LIKE '%号机房%'"
        ).fetchone()
        assert found is not None
        first, last, count = found
        every = THIN if count >= THIN_FROM else 1
        parts = [
            {"begin": begin, "end": min(last + 1, begin + AT_ONCE), "every": every}
            for begin in range(first, last + 1, AT_ONCE)
        ]
        with timed("stories"):
            side_by_side(url, [lambda one, part=part: one.execute(_STORIES, part) for part in parts])
            server.execute(_VERIFIED)
            for table in ("entry", "entry_body", "clock_fact", "pause"):
                server.execute(f"VACUUM ANALYZE {table}")


_VERSIONS = """
    INSERT INTO contract_version (contract_id, number, valid_from, valid_to, document, terms, digest, applied_by)
    SELECT s.id, v.number, v.valid_from, v.valid_to, v.document, v.terms, v.digest, v.applied_by
    FROM scope s, (SELECT * FROM contract_version WHERE contract_id = (SELECT min(id) FROM scope)) v
    WHERE s.key LIKE 'bench-%'"""

_CALENDARS = """
    INSERT INTO calendar_version (contract_version_id, key, rules, open_time, tzdata, provisional_years, digest)
    SELECT v.id, c.key, c.rules, c.open_time, c.tzdata, c.provisional_years, c.digest
    FROM contract_version v JOIN scope s ON s.id = v.contract_id
    JOIN contract_version first ON first.number = v.number AND first.contract_id = (SELECT min(id) FROM scope)
    JOIN calendar_version c ON c.contract_version_id = first.id
    WHERE s.key LIKE 'bench-%'"""

_TERMS = """
    INSERT INTO term (text)
    SELECT DISTINCT service || '|' || priority FROM ticket UNION SELECT DISTINCT state FROM ticket
    UNION VALUES ('second'), ('second-line') ON CONFLICT (text) DO NOTHING"""

#: The audit of the log begins after them: they stand in none.
_VERIFIED = """
    INSERT INTO log_audit (scope_id, is_full, started_at, finished_at, size, last_entry, problem_count, problems)
    SELECT s.id, false, now(), now(), 0, (SELECT max(id) FROM entry), 0, '[]' FROM scope s"""

#: What happens to a ticket: type, transition, states, seconds after its opening, fact and its number, and to whom.
_STORIES = """
    WITH step (place, type, transition, old, new, seconds, fact, kind) AS (VALUES
        (0, 'ticket.opened', NULL, NULL, 'new', 0, 'opened', 1),
        (1, 'ticket.moved', 'accept', 'new', 'accepted', 360, 'responded', 3),
        (2, 'ticket.moved', 'assign', 'accepted', 'accepted', 540, 'assigned', 5),
        (3, 'ticket.moved', 'start', 'accepted', 'in_progress', 720, NULL, NULL),
        (4, 'ticket.replied', NULL, NULL, NULL, 1800, 'updated', 4),
        (5, 'ticket.moved', 'wait_for_client', 'in_progress', 'waiting_client', 3600, 'wait_began', 20),
        (5, 'ticket.moved', 'wait_for_supplier', 'in_progress', 'waiting_supplier', 3600, 'wait_began', 20),
        (6, 'ticket.moved', 'resolve', 'in_progress', 'resolved', 21600, 'resolved', 9),
        (7, 'ticket.moved', 'close', 'resolved', 'closed', 172800, 'closed', 12)
    ), story AS MATERIALIZED (
        SELECT nextval('entry_id_seq') AS id, one.* FROM (
            SELECT t.id AS subject_id, t.scope_id, t.number, t.kind AS ticket_kind, t.title, t.description, t.channel,
                t.service, t.priority, t.state, step.*, t.opened_at + step.seconds * interval '1 second' AS at,
                floor(extract(epoch FROM t.opened_at))::bigint + step.seconds AS at_seconds,
                coalesce(p.uuid::text, '') AS person, coalesce(p.name, '') AS person_name,
                CASE step.kind WHEN 5 THEN 'second-line' WHEN 9 THEN 'second' WHEN 20 THEN t.state ELSE '' END AS term,
                CASE WHEN step.kind <> 20 THEN 0 WHEN t.state = 'waiting_client' THEN 2 ELSE 3 END AS party
            FROM ticket t JOIN step ON CASE
                WHEN step.place = 0 THEN true
                WHEN step.place = 1 THEN t.state <> 'new'
                WHEN step.place IN (2, 3, 4) THEN t.state NOT IN ('new', 'accepted')
                WHEN step.place = 5 THEN t.state = step.new
                ELSE t.state = 'closed' END
            LEFT JOIN person p ON p.id = coalesce(t.assignee_id, t.requester_id)
            WHERE t.id >= %(begin)s AND t.id < %(end)s AND t.title LIKE '%%号机房%%'
                AND (t.closed_at IS NULL OR t.id %% %(every)s = 0)
            ORDER BY t.id, step.place
        ) one
    ), written AS (
        INSERT INTO entry (id, scope_id, subject_id, subject_number, type, occurred_at, recorded_at, actor_kind, source,
            shared_digest, personal_digest, leaf)
        OVERRIDING SYSTEM VALUE
        SELECT id, scope_id, subject_id, number, type, at, at, 'person', 'person',
            sha256(int8send(id)), sha256(int8send(-id)), sha256(int8send(id << 1))
        FROM story
    ), told AS (
        INSERT INTO entry_body (entry_id, shared, shared_salt, personal, personal_salt)
        SELECT id,
            CASE place WHEN 0 THEN jsonb_build_object('kind', ticket_kind, 'side', 'provider', 'contract_version', 1,
                    'process', '{"key": "incident", "version": 1}'::jsonb,
                    'facts', jsonb_build_array(jsonb_build_object('at', at_seconds, 'fact', 'opened'),
                        jsonb_build_object('at', at_seconds, 'fact', 'profiled', 'term', service || '|' || priority)),
                    'changes', jsonb_build_object('ci', '', 'state', 'new', 'title', title, 'impact', 'low',
                        'urgency', 'low', 'channel', channel, 'service', service, 'category', '', 'is_major', false,
                        'priority', priority, 'description', description))
                WHEN 4 THEN jsonb_build_object('side', 'provider', 'means', 'portal', 'is_automatic', false,
                    'text', '已定位到光模块收光异常,准备更换,预计今天内恢复。',
                    'facts', jsonb_build_array(jsonb_build_object('at', at_seconds, 'fact', fact)))
                ELSE jsonb_strip_nulls(jsonb_build_object('side', 'provider', 'transition', transition, 'from', old,
                    'to', new, 'facts', CASE WHEN fact IS NOT NULL THEN jsonb_build_array(jsonb_build_object(
                        'at', at_seconds, 'fact', fact, 'term', nullif(term, ''),
                        'party', CASE party WHEN 2 THEN 'client' WHEN 3 THEN 'supplier' END)) END)) END,
            substr(sha256(int8send(id << 2)), 1, 16),
            jsonb_build_object('actor', jsonb_build_object('id', person, 'name', person_name)),
            substr(sha256(int8send(id << 3)), 1, 16)
        FROM story
    ), waiting AS (
        INSERT INTO pause (id, scope_id, subject_id, reason, party, began_at, standing, note)
        SELECT id, scope_id, subject_id, state, party, at, 'confirmed', '' FROM story WHERE place = 5
    )
    INSERT INTO clock_fact (scope_id, subject_id, at, seq, kind, term, party, ref, entry_id, superseded_by)
    SELECT scope_id, subject_id, at_seconds, story.id * 8 + ordinal, fact.kind, coalesce(term.id, 0), story.party,
        CASE WHEN fact.kind = 20 THEN story.id ELSE 0 END, story.id, 0
    FROM story CROSS JOIN LATERAL (
        SELECT 0 AS ordinal, story.kind, story.term AS word WHERE story.kind IS NOT NULL
        UNION ALL SELECT 1, 2, service || '|' || priority WHERE story.place = 0
    ) fact LEFT JOIN term ON term.text = fact.word AND fact.word <> ''
    ORDER BY story.id, ordinal
"""
