-- Visits by chapter: counts in logarithmic buckets by day, time by hour; and courses on top of both. As in r0003: real-time,
-- no start_offset, one batch. Expected times and the list of staff are joined as of the refresh: where they change,
-- the job at the end refreshes everything.
CREATE TABLE staff_left_out (staff_id text NOT NULL PRIMARY KEY);
COMMENT ON TABLE staff_left_out IS 'known_staff as the aggregates of visits know it; kept by a job.';

CREATE MATERIALIZED VIEW chapter_spread_1d
WITH (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) AS
SELECT {{day_of_start}}                 AS bucket,
       f.course_id,
       f.chapter_id,
       log_bucket(counted_seconds(f.source, f.time_spent_seconds, i.expected_seconds)) AS log_bucket,
       count(*)                         AS visits,
       sum(round(1000 * counted_seconds(f.source, f.time_spent_seconds, i.expected_seconds))::bigint)::bigint AS time_ms
FROM chapter_visit_facts f
LEFT JOIN content_items i ON i.course_id = f.course_id AND i.item_id = f.chapter_id
LEFT JOIN staff_left_out s ON s.staff_id = f.student_id
WHERE s.staff_id IS NULL
GROUP BY 1, 2, 3, 4
WITH NO DATA;
-- Covering: the rows of a chapter lie scattered in the table, and a box plot reads thousands of them.
CREATE INDEX chapter_spread_1d_chapter ON chapter_spread_1d (course_id, chapter_id, bucket) INCLUDE (log_bucket, visits, time_ms);

CREATE MATERIALIZED VIEW chapter_time_1h
WITH (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) AS
SELECT {{hour_of_start}}                AS bucket,
       f.course_id,
       f.chapter_id,
       count(*)                         AS visits,
       sum(round(1000 * counted_seconds(f.source, f.time_spent_seconds, i.expected_seconds))::bigint)::bigint AS time_ms,
       sum(round(1000 * f.raw_seconds)::bigint)::bigint AS raw_ms,
       count(*) FILTER (WHERE f.idle_capped OR f.time_spent_seconds > counted_seconds(f.source, f.time_spent_seconds, i.expected_seconds))
                                        AS capped_visits
FROM chapter_visit_facts f
LEFT JOIN content_items i ON i.course_id = f.course_id AND i.item_id = f.chapter_id
LEFT JOIN staff_left_out s ON s.staff_id = f.student_id
WHERE s.staff_id IS NULL
GROUP BY 1, 2, 3
WITH NO DATA;
CREATE INDEX chapter_time_1h_course ON chapter_time_1h (course_id, bucket);

CREATE MATERIALIZED VIEW chapter_time_1d
WITH (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) AS
SELECT {{day_of_bucket}} AS bucket, course_id, chapter_id, sum(visits)::bigint AS visits, sum(time_ms)::bigint AS time_ms,
       sum(raw_ms)::bigint AS raw_ms, sum(capped_visits)::bigint AS capped_visits
FROM chapter_time_1h
GROUP BY 1, 2, 3
WITH NO DATA;
CREATE INDEX chapter_time_1d_course ON chapter_time_1d (course_id, bucket);

CREATE MATERIALIZED VIEW course_time_1h
WITH (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) AS
SELECT {{hour_of_bucket}} AS bucket, course_id, sum(visits)::bigint AS visits, sum(time_ms)::bigint AS time_ms,
       sum(raw_ms)::bigint AS raw_ms, sum(capped_visits)::bigint AS capped_visits
FROM chapter_time_1h
GROUP BY 1, 2
WITH NO DATA;
CREATE INDEX course_time_1h_course ON course_time_1h (course_id, bucket);

CREATE MATERIALIZED VIEW course_spread_1d
WITH (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) AS
SELECT {{day_of_bucket}} AS bucket, course_id, log_bucket, sum(visits)::bigint AS visits, sum(time_ms)::bigint AS time_ms
FROM chapter_spread_1d
GROUP BY 1, 2, 3
WITH NO DATA;
CREATE INDEX course_spread_1d_course ON course_spread_1d (course_id, bucket) INCLUDE (log_bucket, visits, time_ms);

-- The running bucket is materialised too (end_offset null): what is newer than the last run is small, but reading it raw at
-- every query would not be.
SELECT add_continuous_aggregate_policy('chapter_time_1h', start_offset => NULL, buckets_per_batch => 0, end_offset => NULL,
    schedule_interval => interval '5 minutes');
SELECT add_continuous_aggregate_policy('course_time_1h', start_offset => NULL, buckets_per_batch => 0, end_offset => NULL,
    schedule_interval => interval '5 minutes');
SELECT add_continuous_aggregate_policy('chapter_time_1d', start_offset => NULL, buckets_per_batch => 0, end_offset => NULL,
    schedule_interval => interval '10 minutes');
SELECT add_continuous_aggregate_policy('chapter_spread_1d', start_offset => NULL, buckets_per_batch => 0, end_offset => NULL,
    schedule_interval => interval '30 minutes');
SELECT add_continuous_aggregate_policy('course_spread_1d', start_offset => NULL, buckets_per_batch => 0, end_offset => NULL,
    schedule_interval => interval '30 minutes');

-- Distinct students, medians over all time, cohorts: no aggregate can keep these. A job computes them from the views *_live into
-- tables; on plain PostgreSQL the same names are those views.
CREATE TABLE chapter_summary (
    course_id text, chapter_id text NOT NULL, visits bigint NOT NULL, time_ms bigint NOT NULL, students bigint NOT NULL,
    known_students bigint NOT NULL, dropped_students bigint NOT NULL, completed_students bigint NOT NULL,
    median_seconds double precision, as_of timestamptz NOT NULL
);
CREATE INDEX chapter_summary_chapter ON chapter_summary (chapter_id);
CREATE INDEX chapter_summary_course ON chapter_summary (course_id);
CREATE TABLE course_summary (
    course_id text, visits bigint NOT NULL, time_ms bigint NOT NULL, students bigint NOT NULL, known_pairs bigint NOT NULL,
    dropped_pairs bigint NOT NULL, median_seconds double precision, as_of timestamptz NOT NULL
);
CREATE TABLE course_exits (
    course_id text NOT NULL, item_id text NOT NULL, students bigint NOT NULL, as_of timestamptz NOT NULL
);
CREATE TABLE class_progress (
    course_id text NOT NULL, class_id text NOT NULL, students bigint NOT NULL, p20 double precision NOT NULL, as_of timestamptz NOT NULL,
    PRIMARY KEY (course_id, class_id)
);
CREATE TABLE risk_rows (
    student_id text NOT NULL, course_id text NOT NULL, class_id text, never_started boolean NOT NULL, away boolean NOT NULL,
    behind boolean NOT NULL, failing boolean NOT NULL, overdue_items bigint NOT NULL, score double precision, reasons text[] NOT NULL,
    last_activity_at timestamptz, as_of timestamptz NOT NULL,
    PRIMARY KEY (student_id, course_id)
);
CREATE TABLE click_days (
    day date NOT NULL, active_users bigint NOT NULL, active_users_7d bigint NOT NULL, active_users_30d bigint NOT NULL,
    minutes_active bigint NOT NULL, clicks bigint NOT NULL, pages bigint NOT NULL, searches bigint NOT NULL, scrolls bigint NOT NULL,
    scroll_sum bigint NOT NULL, interactions bigint NOT NULL, sessions bigint NOT NULL, bounces bigint NOT NULL,
    duration_ms bigint NOT NULL, median_session_seconds double precision, as_of timestamptz NOT NULL
);
CREATE TABLE cohort_weeks (
    cohort_week date NOT NULL, week_number bigint NOT NULL, students bigint NOT NULL, active_students bigint NOT NULL,
    as_of timestamptz NOT NULL
);
CREATE TABLE place_counts (
    kind text NOT NULL, name text, sessions bigint NOT NULL, bounces bigint NOT NULL, duration_ms bigint NOT NULL,
    students bigint NOT NULL, as_of timestamptz NOT NULL
);
CREATE TABLE summary_runs (
    name text NOT NULL PRIMARY KEY, ran_at timestamptz NOT NULL, took interval NOT NULL, rules text
);
COMMENT ON TABLE summary_runs IS 'When each summary was computed, how long that took, and by which expected times and staff.';

-- Refreshes all aggregates of visits, whatever they hold, when an expected time or the list of staff changed; where it is asked
-- to, also when nothing did.
CREATE PROCEDURE refresh_visits(asked boolean DEFAULT true) LANGUAGE plpgsql AS $$
DECLARE
    now_known text;
    aggregate text;
    changed   boolean;
BEGIN
    DELETE FROM staff_left_out WHERE staff_id NOT IN (SELECT staff_id FROM known_staff);
    INSERT INTO staff_left_out SELECT DISTINCT staff_id FROM known_staff ON CONFLICT DO NOTHING;
    SELECT md5(coalesce((SELECT string_agg(staff_id, ' ' ORDER BY staff_id) FROM staff_left_out), '') || '/'
               || coalesce((SELECT string_agg(concat_ws(' ', course_id, item_id, expected_seconds), ',' ORDER BY course_id, item_id)
                            FROM content_items WHERE expected_seconds IS NOT NULL), '')) INTO now_known;
    changed := now_known IS DISTINCT FROM (SELECT rules FROM summary_runs WHERE name = 'visit_rules');
    COMMIT;
    IF changed OR asked THEN
        FOREACH aggregate IN ARRAY ARRAY['chapter_spread_1d', 'course_spread_1d', 'chapter_time_1h', 'chapter_time_1d', 'course_time_1h']
        LOOP
            CALL refresh_continuous_aggregate(aggregate::regclass, NULL, NULL, force => changed);
        END LOOP;
        INSERT INTO summary_runs VALUES ('visit_rules', clock_timestamp(), interval '0', now_known)
        ON CONFLICT (name) DO UPDATE SET ran_at = excluded.ran_at, rules = excluded.rules;
        UPDATE summary_runs SET took = interval '0' WHERE changed; -- summaries need not wait
    END IF;
    COMMIT;
END $$;

-- Computes the summaries anew; one that took long waits twenty times as long, so that a twentieth of a core is the most it costs.
CREATE PROCEDURE refresh_summaries(job_id integer DEFAULT NULL, config jsonb DEFAULT NULL) LANGUAGE plpgsql AS $$
DECLARE
    summary text;
    began   timestamptz;
BEGIN
    CALL refresh_visits(config IS NULL);
    FOREACH summary IN ARRAY ARRAY['chapter_summary', 'course_summary', 'course_exits', 'class_progress', 'risk_rows', 'click_days', 'cohort_weeks', 'place_counts']
    LOOP
        CONTINUE WHEN config IS NOT NULL
            AND EXISTS (SELECT FROM summary_runs WHERE name = summary AND ran_at + 20 * took > clock_timestamp());
        began := clock_timestamp();
        PERFORM set_config('work_mem', '256MB', true); -- a row for each student and chapter: sorted in memory, not on disk
        EXECUTE format('DELETE FROM %I', summary);
        EXECUTE format('INSERT INTO %I SELECT * FROM %I', summary, summary || '_live');
        INSERT INTO summary_runs VALUES (summary, began, clock_timestamp() - began)
        ON CONFLICT (name) DO UPDATE SET ran_at = excluded.ran_at, took = excluded.took;
        COMMIT;
    END LOOP;
END $$;
COMMENT ON PROCEDURE refresh_summaries IS 'Computes all summaries now: CALL refresh_summaries().';
SELECT add_job('refresh_summaries', interval '5 minutes', config => '{}');
