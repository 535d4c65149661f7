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
COMMENT ON VIEW chapter_visits IS 'A row is a visit of a chapter.';
COMMENT ON COLUMN chapter_visits.time_spent_seconds IS 'What counts.';
COMMENT ON COLUMN chapter_visits.raw_seconds IS 'Without any cut.';
COMMENT ON COLUMN chapter_visits.idle_capped IS 'Something was cut.';
COMMENT ON COLUMN chapter_visits.skimmed IS 'Below a quarter of the expected time, or of the chapter''s median: read fast.';
COMMENT ON COLUMN chapter_visits.source IS 'view (sent as a chapter view) or clickstream (derived).';

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
COMMENT ON VIEW chapter_engagement_summary IS 'A row is a student x chapter, over all time.';
COMMENT ON COLUMN chapter_engagement_summary.visits_count IS 'Visits.';
COMMENT ON COLUMN chapter_engagement_summary.last_visited_at IS 'End of the last visit.';
COMMENT ON COLUMN chapter_engagement_summary.completion_rate IS 'Deepest scroll, 0-1; 1 once completed.';
COMMENT ON COLUMN chapter_engagement_summary.drop_off IS 'Scrolled less than half, not completed, away for 7 days; null where scroll is unknown.';

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
COMMENT ON VIEW chapter_analytics IS 'A row is a chapter, over all time.';
COMMENT ON COLUMN chapter_analytics.difficulty_score IS 'Effort and drop-off, 0-100; null under 10 students.';

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
COMMENT ON VIEW course_analytics IS 'A row is a course, over all time.';
COMMENT ON COLUMN course_analytics.drop_off_rate IS 'Of student x chapter, 0-1.';
COMMENT ON COLUMN course_analytics.time_per_student IS 'Mean seconds of a student.';

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
COMMENT ON VIEW course_drop_off_index IS 'A row is a course x item where students ended who left; place 1 is the index.';
COMMENT ON COLUMN course_drop_off_index.students IS 'Who ended there.';
COMMENT ON COLUMN course_drop_off_index.place IS '1 is the index: where most of those end who left.';

CREATE OR REPLACE VIEW chapter_time_by_hour WITH (security_barrier) AS
SELECT bucket, course_id, chapter_id, visits, time_ms, raw_ms, capped_visits FROM chapter_time_1h;
COMMENT ON VIEW chapter_time_by_hour IS 'A row is an hour x chapter.';
CREATE OR REPLACE VIEW chapter_time_by_day WITH (security_barrier) AS
SELECT bucket, course_id, chapter_id, visits, time_ms, raw_ms, capped_visits FROM chapter_time_1d;
COMMENT ON VIEW chapter_time_by_day IS 'A row is a local day x chapter.';
CREATE OR REPLACE VIEW course_time_by_hour WITH (security_barrier) AS
SELECT bucket, course_id, visits, time_ms, raw_ms, capped_visits FROM course_time_1h;
COMMENT ON VIEW course_time_by_hour IS 'A row is an hour x course.';

-- How long visits were: counts in buckets 2 % wide. Sum visits and time_ms by log_bucket, then weighted_percentile().
CREATE OR REPLACE VIEW chapter_time_spread WITH (security_barrier) AS
SELECT bucket, course_id, chapter_id, log_bucket, visits, time_ms FROM chapter_spread_1d;
COMMENT ON VIEW chapter_time_spread IS 'A row is a local day x chapter x bucket of duration.';
CREATE OR REPLACE VIEW course_time_spread WITH (security_barrier) AS
SELECT bucket, course_id, log_bucket, visits, time_ms FROM course_spread_1d;
COMMENT ON VIEW course_time_spread IS 'A row is a local day x course x bucket of duration.';

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
COMMENT ON VIEW chapter_time_distribution IS 'A row is the box plot of a chapter''s visits, over all time.';
COMMENT ON COLUMN chapter_time_distribution.p05 IS '5 % of the visits are shorter, in seconds.';
COMMENT ON COLUMN chapter_time_distribution.p25 IS '25 % are shorter.';
COMMENT ON COLUMN chapter_time_distribution.p50 IS 'The median.';
COMMENT ON COLUMN chapter_time_distribution.p75 IS '75 % are shorter.';
COMMENT ON COLUMN chapter_time_distribution.p95 IS '95 % are shorter.';

-- Courses' items by their titles, for whoever shows them.
CREATE OR REPLACE VIEW course_items WITH (security_barrier) AS
SELECT course_id, item_id, parent_id, kind, title, position, expected_seconds, available_from, due_at, pass_mark FROM content_items;
COMMENT ON VIEW course_items IS 'A row is an item of a course.';
COMMENT ON COLUMN course_items.parent_id IS 'Item that it belongs to.';
COMMENT ON COLUMN course_items.kind IS 'chapter, lesson, video, quiz, assignment, module or another.';
COMMENT ON COLUMN course_items.due_at IS 'When it is due.';
