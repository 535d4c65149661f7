-- How many sessions are over: only those have a length.
ALTER TABLE click_days ADD COLUMN closed_sessions bigint NOT NULL DEFAULT 0;
ALTER TABLE place_counts ADD COLUMN closed_sessions bigint NOT NULL DEFAULT 0;

-- Scores by minute and attempts by day leave out staff of the roster, as the aggregates of visits do. The views that stand on them
-- are made again after the migration. What is not yet materialised is read from the rows, until the policy's first run.
DROP VIEW IF EXISTS engagement_by_class, idle_before, module_days_live, module_performance, score_distribution;
DROP MATERIALIZED VIEW engagement_by_class_1m;
DROP MATERIALIZED VIEW module_performance_1d;

CREATE MATERIALIZED VIEW engagement_by_class_1m WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT time_bucket('1 minute', e."time")                                           AS bucket,
       e.class_id,
       round(sum(round(e.score * 10000)::bigint) / (count(*) * 100), 4)::double precision AS score,
       count(*)                                                                    AS students,
       sum(round(e.score * 10000)::bigint)::bigint                                 AS score_sum
FROM engagement_scores e
LEFT JOIN staff_left_out s ON s.staff_id = e.student_id
WHERE s.staff_id IS NULL
GROUP BY 1, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW module_performance_1d WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT {{day_of_attempt}}                                   AS bucket,
       domain,
       module,
       quiz_type,
       count(*)                                             AS attempts,
       sum(round(score * 100)::bigint)::bigint              AS score_sum,
       count(*) FILTER (WHERE score < 10)                   AS s0,
       count(*) FILTER (WHERE score >= 10 AND score < 20)   AS s1,
       count(*) FILTER (WHERE score >= 20 AND score < 30)   AS s2,
       count(*) FILTER (WHERE score >= 30 AND score < 40)   AS s3,
       count(*) FILTER (WHERE score >= 40 AND score < 50)   AS s4,
       count(*) FILTER (WHERE score >= 50 AND score < 60)   AS s5,
       count(*) FILTER (WHERE score >= 60 AND score < 70)   AS s6,
       count(*) FILTER (WHERE score >= 70 AND score < 80)   AS s7,
       count(*) FILTER (WHERE score >= 80 AND score < 90)   AS s8,
       count(*) FILTER (WHERE score >= 90)                  AS s9
FROM quiz_attempts a
LEFT JOIN staff_left_out s ON s.staff_id = a.user_id
WHERE s.staff_id IS NULL
GROUP BY 1, 2, 3, 4
WITH NO DATA;

SELECT add_continuous_aggregate_policy('engagement_by_class_1m', start_offset => NULL, buckets_per_batch => 0, end_offset => interval '2 minutes',
    schedule_interval => interval '1 minute');
SELECT add_continuous_aggregate_policy('module_performance_1d', start_offset => NULL, buckets_per_batch => 0, end_offset => interval '1 day',
    schedule_interval => interval '1 hour');

-- Keeps the list of staff that the aggregates leave out, and refreshes them, whatever they hold, when it or an expected time changed;
-- where it is asked to, also when nothing did. From the first row on: what a refresh finds no rows for it forgets.
CREATE OR REPLACE PROCEDURE refresh_visits(asked boolean DEFAULT true) LANGUAGE plpgsql AS $$
DECLARE
    now_known text;
    aggregate text;
    changed   boolean;
    since     timestamptz;
BEGIN
    DELETE FROM staff_left_out WHERE staff_id NOT IN (SELECT staff_id FROM known_staff);
    INSERT INTO staff_left_out SELECT DISTINCT staff_id FROM known_staff ON CONFLICT DO NOTHING;
    SELECT md5(coalesce((SELECT string_agg(staff_id, ' ' ORDER BY staff_id) FROM staff_left_out), '') || '/'
               || coalesce((SELECT string_agg(concat_ws(' ', course_id, item_id, expected_seconds), ',' ORDER BY course_id, item_id)
                            FROM content_items WHERE expected_seconds IS NOT NULL), '')) INTO now_known;
    changed := now_known IS DISTINCT FROM (SELECT rules FROM summary_runs WHERE name = 'visit_rules');
    COMMIT;
    IF changed OR asked THEN
        FOREACH aggregate IN ARRAY ARRAY['chapter_spread_1d', 'course_spread_1d', 'chapter_time_1h', 'chapter_time_1d', 'course_time_1h',
            'module_performance_1d', 'engagement_by_class_1m']
        LOOP
            since := CASE aggregate WHEN 'module_performance_1d' THEN (SELECT {{day_of_attempt}} FROM quiz_attempts ORDER BY attempted_at LIMIT 1)
                                    WHEN 'engagement_by_class_1m' THEN (SELECT min("time") FROM engagement_scores) END;
            CALL refresh_continuous_aggregate(aggregate::regclass, since, NULL, force => changed);
        END LOOP;
        INSERT INTO summary_runs VALUES ('visit_rules', clock_timestamp(), interval '0', now_known)
        ON CONFLICT (name) DO UPDATE SET ran_at = excluded.ran_at, rules = excluded.rules;
        UPDATE summary_runs SET took = interval '0' WHERE changed; -- summaries need not wait
    END IF;
    COMMIT;
END $$;
