-- Views in place of the continuous aggregates of visits: same names, same columns, computed when asked.
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
