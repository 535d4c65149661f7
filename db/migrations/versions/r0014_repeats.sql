-- Where in the log a fact was told (topic's rank × 2^56 + place, ADR 21): it orders facts of one instant, and of two records that tell
-- one fact the lower place is believed, whatever their times.
ALTER TABLE quiz_attempts       ADD COLUMN place bigint;
ALTER TABLE learning_events     ADD COLUMN place bigint;
ALTER TABLE milestones          ADD COLUMN place bigint;
ALTER TABLE chapter_visit_facts ADD COLUMN place bigint;

-- Facts that are known, by student and event: written in the transaction of their rows. Plain tables: a key without time.
CREATE TABLE quiz_attempt_places (
    student_id text NOT NULL, event_id text NOT NULL, place bigint NOT NULL, fact_at timestamptz NOT NULL,
    PRIMARY KEY (student_id, event_id)
);
CREATE TABLE learning_event_places (LIKE quiz_attempt_places INCLUDING ALL);
CREATE TABLE milestone_places      (LIKE quiz_attempt_places INCLUDING ALL);
CREATE TABLE chapter_visit_places  (LIKE quiz_attempt_places INCLUDING ALL);

-- What is stored already is known; where the archive has forgotten its place, it comes before whatever is told from now on.
CREATE FUNCTION pg_temp.place_in_log(topic text, kafka_offset bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce((rank - 1) << 56 | kafka_offset, -1)
    FROM unnest(ARRAY['clickstream_events', 'lms_clickstream', 'chapter_view_events', 'user_login_events', 'learning_domain_selection_events',
                      'diagnostic_quiz_events', 'module_quiz_events', 'module_completion_events']) WITH ORDINALITY AS t (name, rank)
    WHERE right(topic, length(name)) = name
$$;
INSERT INTO quiz_attempt_places
SELECT f.user_id, f.event_id, min(coalesce(pg_temp.place_in_log(e.topic, e.kafka_offset), -1)), min(f.attempted_at)
FROM quiz_attempts f LEFT JOIN events e ON e.event_time = f.attempted_at AND e.event_id = f.event_id GROUP BY 1, 2;
INSERT INTO learning_event_places
SELECT f.user_id, f.event_id, min(coalesce(pg_temp.place_in_log(e.topic, e.kafka_offset), -1)), min(f.event_time)
FROM learning_events f LEFT JOIN events e ON e.event_time = f.event_time AND e.event_id = f.event_id GROUP BY 1, 2;
INSERT INTO milestone_places
SELECT f.student_id, f.event_id, min(coalesce(pg_temp.place_in_log(e.topic, e.kafka_offset), -1)), min(f.event_time)
FROM milestones f LEFT JOIN events e ON e.event_time = f.event_time AND e.event_id = f.event_id GROUP BY 1, 2;
INSERT INTO chapter_visit_places
SELECT f.student_id, f.event_id, min(coalesce(pg_temp.place_in_log(e.topic, e.kafka_offset), -1)), min(f.start_time)
FROM chapter_visit_facts f LEFT JOIN events e ON e.event_time = f.start_time AND e.event_id = f.event_id
WHERE f.source = 'view' GROUP BY 1, 2;

-- The first attempt of a student at a module's quiz: of those of one instant the first in the log.
DROP INDEX quiz_attempts_first;
CREATE INDEX quiz_attempts_first ON quiz_attempts (module, quiz_type, user_id, attempted_at, (coalesce(place, -1)), event_id) INCLUDE (score);
