-- Who is enrolled in which class, and when: what the roster and the archive flow say of courses, put together in their transaction
-- (the views would otherwise go through six enrolments for each student). What a membership is says the view membership_spans (50).
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
COMMENT ON TABLE memberships IS 'Enrolments by class (null: enrolled in courses, in no class): when, whatever the course. Kept by triggers on enrolments.';
COMMENT ON COLUMN memberships.until IS 'From then on not enrolled any more.';
COMMENT ON COLUMN memberships.away IS 'Between since and until: when the student was not enrolled; null where always.';
COMMENT ON COLUMN memberships.is_only IS 'The student has no other row here.';

-- Puts the memberships of some students (null: of everybody) as their enrolments are. One at a time, so that of two transactions that
-- write enrolments of one student the second sees those of the first.
CREATE FUNCTION settle_memberships(students text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF students = '{}' THEN
        RETURN;
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

-- With the owner's rights: who writes enrolments need not be allowed to write memberships.
CREATE FUNCTION note_memberships() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    CASE TG_OP
        WHEN 'TRUNCATE' THEN PERFORM settle_memberships(NULL);
        WHEN 'UPDATE' THEN PERFORM settle_memberships(ARRAY(SELECT student_id FROM written UNION SELECT student_id FROM gone));
        WHEN 'DELETE' THEN PERFORM settle_memberships(ARRAY(SELECT DISTINCT student_id FROM gone));
        ELSE PERFORM settle_memberships(ARRAY(SELECT DISTINCT student_id FROM written));
    END CASE;
    RETURN NULL;
END $$;
CREATE TRIGGER enrolments_inserted AFTER INSERT ON enrolments REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION note_memberships();
CREATE TRIGGER enrolments_updated AFTER UPDATE ON enrolments REFERENCING NEW TABLE AS written OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION note_memberships();
CREATE TRIGGER enrolments_deleted AFTER DELETE ON enrolments REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION note_memberships();
CREATE TRIGGER enrolments_emptied AFTER TRUNCATE ON enrolments
    FOR EACH STATEMENT EXECUTE FUNCTION note_memberships();

-- Which weekdays have lessons, and whose lesson runs, without reading the whole timetable.
CREATE INDEX periods_weekday ON periods (weekday, starts);
