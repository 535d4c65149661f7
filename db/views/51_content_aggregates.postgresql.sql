-- Views in place of the continuous aggregates of scores, attempts and visits: same names, same columns, computed when asked.
CREATE OR REPLACE VIEW engagement_by_class_1m AS
SELECT time_bucket('1 minute', e."time")                                           AS bucket,
       e.class_id,
       round(sum(round(e.score * 10000)::bigint) / (count(*) * 100), 4)::double precision AS score,
       count(*)                                                                    AS students,
       sum(round(e.score * 10000)::bigint)::bigint                                 AS score_sum
FROM engagement_scores e
WHERE NOT EXISTS (SELECT FROM known_staff s WHERE s.staff_id = e.student_id)
GROUP BY 1, 2;

CREATE OR REPLACE VIEW module_performance_1d AS
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
WHERE NOT EXISTS (SELECT FROM known_staff s WHERE s.staff_id = a.user_id)
GROUP BY 1, 2, 3, 4;

CREATE OR REPLACE VIEW chapter_spread_1d AS
SELECT {{day_of_start}}                 AS bucket,
       f.course_id,
       f.chapter_id,
       log_bucket(counted_seconds(f.source, f.time_spent_seconds, i.expected_seconds)) AS log_bucket,
       count(*)                         AS visits,
       sum(round(1000 * counted_seconds(f.source, f.time_spent_seconds, i.expected_seconds))::bigint)::bigint AS time_ms
FROM chapter_visit_facts f
LEFT JOIN content_items i ON i.course_id = f.course_id AND i.item_id = f.chapter_id
WHERE NOT EXISTS (SELECT FROM known_staff s WHERE s.staff_id = f.student_id)
GROUP BY 1, 2, 3, 4;

CREATE OR REPLACE VIEW chapter_time_1h AS
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
WHERE NOT EXISTS (SELECT FROM known_staff s WHERE s.staff_id = f.student_id)
GROUP BY 1, 2, 3;

CREATE OR REPLACE VIEW chapter_time_1d AS
SELECT {{day_of_bucket}} AS bucket, course_id, chapter_id, sum(visits)::bigint AS visits, sum(time_ms)::bigint AS time_ms,
       sum(raw_ms)::bigint AS raw_ms, sum(capped_visits)::bigint AS capped_visits
FROM chapter_time_1h
GROUP BY 1, 2, 3;

CREATE OR REPLACE VIEW course_time_1h AS
SELECT {{hour_of_bucket}} AS bucket, course_id, sum(visits)::bigint AS visits, sum(time_ms)::bigint AS time_ms,
       sum(raw_ms)::bigint AS raw_ms, sum(capped_visits)::bigint AS capped_visits
FROM chapter_time_1h
GROUP BY 1, 2;

CREATE OR REPLACE VIEW course_spread_1d AS
SELECT {{day_of_bucket}} AS bucket, course_id, log_bucket, sum(visits)::bigint AS visits, sum(time_ms)::bigint AS time_ms
FROM chapter_spread_1d
GROUP BY 1, 2, 3;
