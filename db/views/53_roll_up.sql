-- Writes down what rows of a time say, before they are deleted: by TimescaleDB's job, and by `classpulse nightly` on plain PostgreSQL.
-- The same sums as those of the aggregates. The caller deletes the rows in the same transaction, and lets nobody write meanwhile.
CREATE OR REPLACE FUNCTION roll_up(of_table text, since timestamptz, until timestamptz, is_pending boolean) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF of_table = 'activity_windows' THEN
        INSERT INTO activity_kept AS k
        WITH minutes AS (
            SELECT window_start AS bucket, scope, scope_id, sum(events) AS events, sum(active_students) AS students, sum(active_5m) AS students_5m
            FROM activity_windows
            WHERE window_start >= since AND window_start < until
            GROUP BY 1, 2, 3
        ), buckets AS (
            SELECT 'hour' AS unit, {{hour_of_bucket}} AS unit_start, m.* FROM minutes m
            UNION ALL
            SELECT 'day', {{day_of_bucket}}, m.* FROM minutes m
        )
        SELECT unit, unit_start, scope, scope_id, sum(events), max(students), max(students_5m), sum(students),
               count(*) FILTER (WHERE events > 0), is_pending
        FROM buckets
        GROUP BY 1, 2, 3, 4
        ON CONFLICT (unit, bucket, scope, scope_id, pending) DO UPDATE
        SET events = k.events + excluded.events,
            peak_active_students = greatest(k.peak_active_students, excluded.peak_active_students),
            peak_active_5m = greatest(k.peak_active_5m, excluded.peak_active_5m),
            student_minutes = k.student_minutes + excluded.student_minutes,
            active_minutes = k.active_minutes + excluded.active_minutes;
    ELSE
        INSERT INTO engagement_kept AS k
        SELECT time_bucket('1 minute', e."time"), e.class_id, count(*), sum(round(e.score * 10000)::bigint), is_pending
        FROM engagement_scores e
        WHERE e."time" >= since AND e."time" < until AND e.class_id IS NOT NULL
          AND NOT EXISTS (SELECT FROM known_staff s WHERE s.staff_id = e.student_id)
        GROUP BY 1, 2
        ON CONFLICT (bucket, class_id, pending) DO UPDATE
        SET students = k.students + excluded.students, score_sum = k.score_sum + excluded.score_sum;
    END IF;
    INSERT INTO rolled_up (table_name, since, until, pending) VALUES (of_table, since, until, is_pending);
END $$;

-- Counts in the views what was pending; called once the aggregates have forgotten it.
CREATE OR REPLACE FUNCTION show_rolled_up() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH waiting AS (DELETE FROM activity_kept WHERE pending RETURNING *)
    INSERT INTO activity_kept AS k
    SELECT unit, bucket, scope, scope_id, events, peak_active_students, peak_active_5m, student_minutes, active_minutes, false FROM waiting
    ON CONFLICT (unit, bucket, scope, scope_id, pending) DO UPDATE
    SET events = k.events + excluded.events,
        peak_active_students = greatest(k.peak_active_students, excluded.peak_active_students),
        peak_active_5m = greatest(k.peak_active_5m, excluded.peak_active_5m),
        student_minutes = k.student_minutes + excluded.student_minutes,
        active_minutes = k.active_minutes + excluded.active_minutes;
    WITH waiting AS (DELETE FROM engagement_kept WHERE pending RETURNING *)
    INSERT INTO engagement_kept AS k
    SELECT bucket, class_id, students, score_sum, false FROM waiting
    ON CONFLICT (bucket, class_id, pending) DO UPDATE
    SET students = k.students + excluded.students, score_sum = k.score_sum + excluded.score_sum;
    UPDATE rolled_up SET pending = false WHERE pending;
END $$;

CREATE OR REPLACE VIEW activity_by_hour WITH (security_barrier) AS
SELECT bucket, scope, scope_id, sum(events)::bigint AS events, max(peak_active_students) AS peak_active_students,
       max(peak_active_5m) AS peak_active_5m, sum(student_minutes)::bigint AS student_minutes,
       least(sum(active_minutes), 60)::bigint AS active_minutes
FROM (
    SELECT bucket, scope, scope_id, events, peak_active_students, peak_active_5m, student_minutes, active_minutes FROM activity_1h
    UNION ALL
    SELECT bucket, scope, scope_id, events, peak_active_students, peak_active_5m, student_minutes, active_minutes
    FROM activity_kept WHERE unit = 'hour' AND NOT pending
) a
GROUP BY bucket, scope, scope_id;
COMMENT ON VIEW activity_by_hour IS 'A row is an hour x scope, from activity_1h and what was rolled up.';

CREATE OR REPLACE VIEW activity_by_day WITH (security_barrier) AS
SELECT bucket, scope, scope_id, sum(events)::bigint AS events, max(peak_active_students) AS peak_active_students,
       max(peak_active_5m) AS peak_active_5m, sum(student_minutes)::bigint AS student_minutes,
       sum(active_minutes)::bigint AS active_minutes
FROM (
    SELECT bucket, scope, scope_id, events, peak_active_students, peak_active_5m, student_minutes, active_minutes FROM activity_1d
    UNION ALL
    SELECT bucket, scope, scope_id, events, peak_active_students, peak_active_5m, student_minutes, active_minutes
    FROM activity_kept WHERE unit = 'day' AND NOT pending
) a
GROUP BY bucket, scope, scope_id;
COMMENT ON VIEW activity_by_day IS 'A row is a local day x scope, from activity_1d and what was rolled up.';

-- Classes by minute, staff of the roster left out. (Windows, which the flow makes, know no roster.)
CREATE OR REPLACE VIEW engagement_by_class WITH (security_barrier) AS
SELECT bucket, class_id, round(sum(score_sum) / (sum(students) * 100), 4)::double precision AS score, sum(students)::bigint AS students
FROM (
    SELECT bucket, class_id, students, score_sum FROM engagement_by_class_1m WHERE class_id IS NOT NULL
    UNION ALL
    SELECT bucket, class_id, students, score_sum FROM engagement_kept WHERE NOT pending
) e
GROUP BY bucket, class_id;
COMMENT ON VIEW engagement_by_class IS 'A row is a final minute x class.';
COMMENT ON COLUMN engagement_by_class.score IS 'Mean of those present, 0-100.';
