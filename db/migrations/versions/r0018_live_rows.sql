-- Who is enrolled in which class, and when: what the roster and the archive flow say of courses, put together in their transaction
-- (the views would otherwise go through six enrolments for each student). Who teaches a class is no member of it. What a membership is
-- says the view membership_spans (50).
CREATE TABLE memberships (
    student_id text        NOT NULL,
    class_id   text,
    since      timestamptz NOT NULL,
    until      timestamptz NOT NULL,
    away       tstzmultirange,
    is_only    boolean     NOT NULL,
    UNIQUE NULLS NOT DISTINCT (student_id, class_id)
);
CREATE INDEX memberships_class ON memberships (class_id, student_id);
COMMENT ON TABLE memberships IS 'Enrolments by class (null: enrolled in courses, in no class): when, whatever the course; its staff left out. Kept by triggers on enrolments and class_staff.';
COMMENT ON COLUMN memberships.until IS 'From then on not enrolled any more.';
COMMENT ON COLUMN memberships.away IS 'Between since and until: when the student was not enrolled; null where always.';
COMMENT ON COLUMN memberships.is_only IS 'The student has no other row here.';

-- Puts the memberships of some students (null: of everybody) as their enrolments are. One at a time, so that of two transactions that
-- write enrolments of one student the second sees those of the first.
CREATE FUNCTION settle_memberships(students text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF students = '{}' OR to_regclass('public.membership_spans') IS NULL THEN
        RETURN; -- while a migration is under way there is no such view yet; making it settles everybody
    END IF;
    LOCK TABLE memberships IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM memberships m
    WHERE (students IS NULL OR m.student_id = ANY (students))
      AND NOT EXISTS (SELECT FROM membership_spans s WHERE s.student_id = m.student_id AND s.class_id IS NOT DISTINCT FROM m.class_id);
    INSERT INTO memberships AS m (student_id, class_id, since, until, away, is_only)
    SELECT student_id, class_id, since, until, away, is_only FROM membership_spans
    WHERE students IS NULL OR student_id = ANY (students)
    ON CONFLICT (student_id, class_id) DO UPDATE
    SET since = excluded.since, until = excluded.until, away = excluded.away, is_only = excluded.is_only
    WHERE (m.since, m.until, m.away, m.is_only) IS DISTINCT FROM (excluded.since, excluded.until, excluded.away, excluded.is_only);
END $$;

-- With the owner's rights: who writes enrolments or staff need not be allowed to write memberships. Its argument: the column that
-- says whose rows were written.
CREATE FUNCTION note_memberships() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    students text[];
BEGIN
    IF TG_OP <> 'TRUNCATE' THEN
        EXECUTE format('SELECT coalesce(array_agg(DISTINCT %I), ''{}'') FROM (%s) c', TG_ARGV[0], CASE TG_OP
            WHEN 'INSERT' THEN 'SELECT * FROM written'
            WHEN 'DELETE' THEN 'SELECT * FROM gone'
            ELSE 'SELECT * FROM written UNION ALL SELECT * FROM gone' END) INTO students;
    END IF;
    PERFORM settle_memberships(students);
    RETURN NULL;
END $$;
DO $$
DECLARE
    source record;
BEGIN
    FOR source IN VALUES ('enrolments', 'student_id'), ('class_staff', 'staff_id') LOOP
        EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %I REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION note_memberships(%L)',
                       source.column1 || '_inserted', source.column1, source.column2);
        EXECUTE format('CREATE TRIGGER %I AFTER UPDATE ON %I REFERENCING NEW TABLE AS written OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_memberships(%L)',
                       source.column1 || '_updated', source.column1, source.column2);
        EXECUTE format('CREATE TRIGGER %I AFTER DELETE ON %I REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_memberships(%L)',
                       source.column1 || '_deleted', source.column1, source.column2);
        EXECUTE format('CREATE TRIGGER %I AFTER TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION note_memberships()',
                       source.column1 || '_emptied', source.column1);
    END LOOP;
END $$;

-- Who was seen in a class, and which classes were. A student changes the class seldom, so most updates write no index.
CREATE INDEX student_state_class ON student_state (class_id, grade);

-- Who takes a course.
CREATE INDEX enrolments_course ON enrolments (course_id, student_id);

-- Which weekdays have lessons, and whose lesson runs, without reading the whole timetable.
CREATE INDEX periods_weekday ON periods (weekday, starts);

-- Nobody reads them, and they would change with every event: the database logs a rewritten row from its first change to its last. So they
-- are not written any more. They stay, since views of the version before, which are replaced after this, name them.
ALTER TABLE student_state ALTER COLUMN updated_at DROP NOT NULL, ALTER COLUMN updated_at DROP DEFAULT;

-- Rows that are rewritten again and again: room on their page, so that the new version stays there (HOT: no index is written, and the
-- page is tidied without vacuum), and vacuum for what is left, before the table has doubled.
ALTER TABLE student_state SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE task_progress SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE sessions_open SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE memory_state SET (autovacuum_vacuum_scale_factor = 0.1);
-- Rows of these come together and are rewritten together, all of a page in one transaction: that takes as much room again.
ALTER TABLE chapter_visit_facts SET (fillfactor = 50);
ALTER TABLE video_views SET (fillfactor = 70);
ALTER TABLE student_click_days SET (fillfactor = 50);
ALTER TABLE student_days SET (fillfactor = 50);
ALTER TABLE activity_windows SET (fillfactor = 60);
ALTER TABLE page_days SET (fillfactor = 50);

-- Attempts of a day by class (as the events say it, '' where they do not), course, module and kind, in bands of ten points; a full score
-- is in the last. Counted in the transaction that writes attempts, so it always is what quiz_attempts holds. Scores in ten-thousandths:
-- a sum of doubles would depend on the order.
CREATE TABLE attempt_days (
    day date NOT NULL, class_id text NOT NULL, course text NOT NULL, module text NOT NULL, quiz_type text NOT NULL,
    attempts bigint NOT NULL, score_sum bigint NOT NULL,
    s0 bigint NOT NULL, s1 bigint NOT NULL, s2 bigint NOT NULL, s3 bigint NOT NULL, s4 bigint NOT NULL,
    s5 bigint NOT NULL, s6 bigint NOT NULL, s7 bigint NOT NULL, s8 bigint NOT NULL, s9 bigint NOT NULL,
    PRIMARY KEY (day, class_id, course, module, quiz_type)
) WITH (fillfactor = 70);
COMMENT ON TABLE attempt_days IS 'Quiz attempts of a local day by class, course, module and kind, counted as quiz_attempts is written; scores in ten-thousandths.';
-- Those without a class are looked up one by one, by the roster.
CREATE INDEX quiz_attempts_classless ON quiz_attempts (attempted_at) WHERE class_id IS NULL;

CREATE FUNCTION count_attempts() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    EXECUTE $sql$
        INSERT INTO attempt_days AS d
        SELECT (attempted_at AT TIME ZONE {{timezone}})::date, coalesce(class_id, ''), coalesce(course, ''), coalesce(module, ''), quiz_type,
               sum(n), sum(n * round(score * 10000)::bigint),
               sum(n * (band = 0)::integer), sum(n * (band = 1)::integer), sum(n * (band = 2)::integer), sum(n * (band = 3)::integer), sum(n * (band = 4)::integer),
               sum(n * (band = 5)::integer), sum(n * (band = 6)::integer), sum(n * (band = 7)::integer), sum(n * (band = 8)::integer), sum(n * (band = 9)::integer)
        FROM (SELECT *, least(9, floor(score / 10)) AS band FROM ($sql$ || CASE TG_OP
            WHEN 'INSERT' THEN 'SELECT 1 AS n, * FROM written'
            WHEN 'DELETE' THEN 'SELECT -1 AS n, ($1).*'
            ELSE 'SELECT 1 AS n, * FROM written UNION ALL SELECT -1, * FROM gone' END || $sql$) c) b
        GROUP BY 1, 2, 3, 4, 5
        ORDER BY 1, 2, 3, 4, 5 -- so that writers wait for each other, never in a circle
        ON CONFLICT (day, class_id, course, module, quiz_type) DO UPDATE SET
            attempts = d.attempts + excluded.attempts, score_sum = d.score_sum + excluded.score_sum,
            s0 = d.s0 + excluded.s0, s1 = d.s1 + excluded.s1, s2 = d.s2 + excluded.s2, s3 = d.s3 + excluded.s3, s4 = d.s4 + excluded.s4,
            s5 = d.s5 + excluded.s5, s6 = d.s6 + excluded.s6, s7 = d.s7 + excluded.s7, s8 = d.s8 + excluded.s8, s9 = d.s9 + excluded.s9
    $sql$ USING OLD;
    RETURN NULL;
END $$;
CREATE TRIGGER attempts_inserted AFTER INSERT ON quiz_attempts REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION count_attempts();
CREATE TRIGGER attempts_updated AFTER UPDATE ON quiz_attempts REFERENCING NEW TABLE AS written OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION count_attempts();
-- row by row: TimescaleDB has no transition table of deleted rows where there is a columnstore
CREATE TRIGGER attempts_deleted AFTER DELETE ON quiz_attempts FOR EACH ROW EXECUTE FUNCTION count_attempts();
INSERT INTO attempt_days
SELECT (attempted_at AT TIME ZONE {{timezone}})::date, coalesce(class_id, ''), coalesce(course, ''), coalesce(module, ''), quiz_type,
       sum(n), sum(n * round(score * 10000)::bigint),
       sum(n * (band = 0)::integer), sum(n * (band = 1)::integer), sum(n * (band = 2)::integer), sum(n * (band = 3)::integer), sum(n * (band = 4)::integer),
       sum(n * (band = 5)::integer), sum(n * (band = 6)::integer), sum(n * (band = 7)::integer), sum(n * (band = 8)::integer), sum(n * (band = 9)::integer)
FROM (SELECT *, 1 AS n, least(9, floor(score / 10)) AS band FROM quiz_attempts) b
GROUP BY 1, 2, 3, 4, 5;
