-- Where time goes: visits, chapters, courses.

-- A visit is skimmed below a quarter of the expected time, or of the chapter's median where none is known.
CREATE OR REPLACE VIEW chapter_visits WITH (security_barrier) AS
SELECT f.start_time,
       f.event_id,
       f.student_id,
       f.course_id,
       f.chapter_id,
       f.class_id,
       f.end_time,
       counted_seconds(f.source, f.time_spent_seconds, i.expected_seconds) AS time_spent_seconds,
       f.raw_seconds,
       f.scroll_depth,
       f.idle_capped OR counted_seconds(f.source, f.time_spent_seconds, i.expected_seconds) < f.time_spent_seconds AS idle_capped,
       counted_seconds(f.source, f.time_spent_seconds, i.expected_seconds)
           < 0.25 * coalesce(i.expected_seconds, m.median_seconds)         AS skimmed,
       f.source
FROM chapter_visit_facts f
LEFT JOIN content_items i ON i.course_id = f.course_id AND i.item_id = f.chapter_id
LEFT JOIN chapter_summary m ON m.chapter_id = f.chapter_id AND m.course_id = f.course_id
WHERE NOT EXISTS (SELECT FROM known_staff s WHERE s.staff_id = f.student_id);

CREATE OR REPLACE VIEW chapter_engagement_summary WITH (security_barrier) AS
SELECT student_id,
       course_id,
       chapter_id,
       time_ms / 1000.0::double precision                      AS total_time_spent,
       four_decimals(time_ms / (visits * 1000.0::double precision)) AS avg_time_spent,
       visits                                                  AS visits_count,
       last_visited_at,
       CASE WHEN completed THEN 1 ELSE four_decimals(scroll_depth / 100) END AS completion_rate,
       drop_off
FROM student_chapters;

-- Difficulty: half the rank of median time by expected time within the course, half the drop-off. Only chapters of ten students.
CREATE OR REPLACE VIEW chapter_analytics WITH (security_barrier) AS
WITH chapters AS NOT MATERIALIZED (
    SELECT s.*, i.title, i.position, i.expected_seconds, s.dropped_students / nullif(s.known_students, 0)::double precision AS drop_off,
           s.students >= 10 AND i.expected_seconds IS NOT NULL AND s.course_id IS NOT NULL AS is_ranked
    FROM chapter_summary s
    LEFT JOIN content_items i ON i.course_id = s.course_id AND i.item_id = s.chapter_id
)
SELECT chapter_id,
       course_id,
       four_decimals(time_ms / (visits * 1000.0::double precision)) AS avg_time_spent,
       four_decimals(median_seconds)                           AS median_time_spent,
       visits                                                  AS total_visits,
       students                                                AS unique_students,
       four_decimals(drop_off)                                 AS drop_off_rate,
       CASE WHEN is_ranked THEN four_decimals(100 * (0.5 * place + 0.5 * drop_off)) END AS difficulty_score,
       title,
       position,
       expected_seconds,
       time_ms / 1000.0::double precision                      AS total_time_spent,
       four_decimals(completed_students / students::double precision) AS completed_share,
       as_of
FROM (
    SELECT *, percent_rank() OVER (PARTITION BY course_id, is_ranked ORDER BY median_seconds / expected_seconds) AS place
    FROM chapters
) c;

CREATE OR REPLACE VIEW course_analytics WITH (security_barrier) AS
SELECT course_id,
       four_decimals(time_ms / (visits * 1000.0::double precision)) AS avg_time_spent,
       four_decimals(median_seconds)                           AS median_time_spent,
       visits                                                  AS total_visits,
       students                                                AS unique_students,
       four_decimals(dropped_pairs / nullif(known_pairs, 0)::double precision) AS drop_off_rate,
       time_ms / 1000.0::double precision                      AS total_time_spent,
       four_decimals(time_ms / (students * 1000.0::double precision)) AS time_per_student,
       as_of
FROM course_summary;

-- place 1 is the drop-off index: where most of those end who left without finishing.
CREATE OR REPLACE VIEW course_drop_off_index WITH (security_barrier) AS
SELECT e.course_id,
       e.item_id,
       i.title,
       i.position,
       e.students,
       four_decimals(e.students / sum(e.students) OVER (PARTITION BY e.course_id)::double precision) AS share,
       row_number() OVER (PARTITION BY e.course_id ORDER BY e.students DESC, i.position NULLS LAST, e.item_id) AS place,
       e.as_of
FROM course_exits e
LEFT JOIN content_items i ON i.course_id = e.course_id AND i.item_id = e.item_id;

CREATE OR REPLACE VIEW chapter_time_by_hour WITH (security_barrier) AS
SELECT bucket, course_id, chapter_id, visits, time_ms, raw_ms, capped_visits FROM chapter_time_1h;
CREATE OR REPLACE VIEW chapter_time_by_day WITH (security_barrier) AS
SELECT bucket, course_id, chapter_id, visits, time_ms, raw_ms, capped_visits FROM chapter_time_1d;
CREATE OR REPLACE VIEW course_time_by_hour WITH (security_barrier) AS
SELECT bucket, course_id, visits, time_ms, raw_ms, capped_visits FROM course_time_1h;

-- How long visits were: counts in buckets 2 % wide. Sum visits and time_ms by log_bucket, then weighted_percentile().
CREATE OR REPLACE VIEW chapter_time_spread WITH (security_barrier) AS
SELECT bucket, course_id, chapter_id, log_bucket, visits, time_ms FROM chapter_spread_1d;
CREATE OR REPLACE VIEW course_time_spread WITH (security_barrier) AS
SELECT bucket, course_id, log_bucket, visits, time_ms FROM course_spread_1d;

-- The box plot of a chapter over all time.
CREATE OR REPLACE VIEW chapter_time_distribution WITH (security_barrier) AS
SELECT course_id, chapter_id, sum(visits)::bigint AS visits, sum(time_ms)::bigint AS time_ms,
       four_decimals(weighted_percentile(0.05, array_agg(seconds ORDER BY log_bucket), array_agg(visits ORDER BY log_bucket))) AS p05,
       four_decimals(weighted_percentile(0.25, array_agg(seconds ORDER BY log_bucket), array_agg(visits ORDER BY log_bucket))) AS p25,
       four_decimals(weighted_percentile(0.50, array_agg(seconds ORDER BY log_bucket), array_agg(visits ORDER BY log_bucket))) AS p50,
       four_decimals(weighted_percentile(0.75, array_agg(seconds ORDER BY log_bucket), array_agg(visits ORDER BY log_bucket))) AS p75,
       four_decimals(weighted_percentile(0.95, array_agg(seconds ORDER BY log_bucket), array_agg(visits ORDER BY log_bucket))) AS p95
FROM (
    SELECT course_id, chapter_id, log_bucket, sum(visits)::bigint AS visits, sum(time_ms)::bigint AS time_ms,
           sum(time_ms)::double precision / (sum(visits) * 1000)::double precision AS seconds
    FROM chapter_spread_1d
    GROUP BY course_id, chapter_id, log_bucket
) h
GROUP BY course_id, chapter_id;

-- Courses' items by their titles, for whoever shows them.
CREATE OR REPLACE VIEW course_items WITH (security_barrier) AS
SELECT course_id, item_id, parent_id, kind, title, position, expected_seconds, available_from, due_at, pass_mark FROM content_items;
