-- The first enrolment is kept, for cohorts and for what counts from it; the latest stands beside it.
ALTER TABLE enrolments ADD COLUMN returned_at timestamptz;
ALTER TABLE enrolments DISABLE TRIGGER USER; -- the views that are applied next put memberships as they are
UPDATE enrolments e
SET enrolled_at = m.first_at, returned_at = e.enrolled_at
FROM (SELECT student_id, course_id, min(event_time) AS first_at FROM milestones WHERE kind = 'course_enroll' GROUP BY 1, 2) m
WHERE m.student_id = e.student_id AND m.course_id = e.course_id AND m.first_at < e.enrolled_at;
ALTER TABLE enrolments ENABLE TRIGGER USER;

COMMENT ON TABLE enrolments IS
    'First enrolment and latest leaving by event time; enrolled = not left since, or come back. class_at is the time of the fact that class_id is from.';
COMMENT ON COLUMN enrolments.enrolled_at IS 'The first enrolment ever; null where nobody said when.';
COMMENT ON COLUMN enrolments.returned_at IS 'The latest enrolment, where that is not the first.';

-- What a student did in a course without a chapter, a video or a quiz leaves no fact; who was there is a number all the same.
CREATE TABLE course_activity (
    student_id text        NOT NULL,
    course_id  text        NOT NULL,
    last_at    timestamptz NOT NULL,
    PRIMARY KEY (student_id, course_id)
) WITH (fillfactor = 80);
COMMENT ON TABLE course_activity IS 'The minute of a student''s last interaction in a course, whenever the event came.';
INSERT INTO course_activity
SELECT student_id, course_id, date_trunc('minute', max(event_time))
FROM events
WHERE course_id IS NOT NULL
  AND coalesce(role, 'student') = 'student'
  AND event_name NOT IN ('idle', 'session_end', 'course_enroll', 'course_unenroll', 'course_complete')
  AND NOT ((event_name = 'time_ping' OR event_type = 'heartbeat') AND coalesce(metadata -> 'hidden' = 'true', false))
GROUP BY student_id, course_id;

-- student_days keeps a day once, whatever the classes. A table of few rows: most students have one class a day.
CREATE TABLE student_day_classes (
    day            date   NOT NULL,
    student_id     text   NOT NULL,
    class_id       text   NOT NULL,
    minutes_active bigint NOT NULL,
    interactions   bigint NOT NULL,
    PRIMARY KEY (day, student_id, class_id)
) WITH (fillfactor = 50); -- rewritten together, as student_days
CREATE INDEX student_day_classes_student ON student_day_classes (student_id, day);
COMMENT ON TABLE student_day_classes IS 'Days on which a student''s interactions named several classes: each of them; class_id is empty for those that named none.';

-- A student may be in two classes of one course (or, without courses, of the school): enrolments name one, this the others.
CREATE TABLE enrolment_classes (
    student_id text NOT NULL,
    course_id  text NOT NULL,
    class_id   text NOT NULL,
    PRIMARY KEY (student_id, course_id, class_id)
);
CREATE INDEX enrolment_classes_class ON enrolment_classes (class_id, student_id);
COMMENT ON TABLE enrolment_classes IS 'Further classes of an enrolment, as rosters say; dates and role are those of the enrolment.';
CREATE TRIGGER enrolment_classes_inserted AFTER INSERT ON enrolment_classes REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION note_memberships('student_id');
CREATE TRIGGER enrolment_classes_updated AFTER UPDATE ON enrolment_classes REFERENCING NEW TABLE AS written OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION note_memberships('student_id');
CREATE TRIGGER enrolment_classes_deleted AFTER DELETE ON enrolment_classes REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION note_memberships('student_id');
CREATE TRIGGER enrolment_classes_emptied AFTER TRUNCATE ON enrolment_classes
    FOR EACH STATEMENT EXECUTE FUNCTION note_memberships();
