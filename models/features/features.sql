-- A row a student x course x local day, by what was known when the day ended. DuckDB runs it.
-- Given are the view events and the tables cut (one row), topics, enrolment_history, content_item_history.

-- When each event was known: behind the watermark that it met, not before it happened, and on live topics not before it came.
CREATE TEMP TABLE known AS
WITH told AS (
    SELECT e.*, t.kind, t.rank, c.zone, c.as_of,
           greatest(e.event_time, coalesce(e.watermark_before, e.event_time),
                    CASE WHEN c.clock = 'wall' THEN e.ingested_at ELSE e.event_time END) AS known_at
    FROM events e
    JOIN topics t USING (topic)
    CROSS JOIN cut c
    WHERE e.role = 'student' AND e.course_id IS NOT NULL
)
SELECT student_id, course_id, event_id, event_name, event_time, chapter_id, assessment_id, known_at,
       CAST(timezone(zone, event_time) AS DATE) AS day,
       CAST(timezone(zone, known_at) AS DATE)   AS known_on,
       event_name NOT IN ('idle', 'session_end', 'course_enroll', 'course_unenroll', 'course_complete')
           AND NOT ((event_name IN ('time_ping', 'heartbeat') OR event_type = 'heartbeat')
                    AND coalesce(metadata ->> '$.hidden', 'false') = 'true') AS acts,
       CASE WHEN kind IN ('diagnostic', 'module') OR event_name = 'quiz_submit'
            THEN TRY_CAST(metadata ->> '$.score' AS DOUBLE) END AS score
FROM told
WHERE known_at < as_of
QUALIFY row_number() OVER (PARTITION BY student_id, event_id ORDER BY known_at, rank, kafka_offset) = 1;

-- Enrolments by when they held and were known; a replayed log's are known when they happened.
CREATE TEMP TABLE enrolled AS
SELECT h.student_id, h.course_id, h.class_id, h.enrolled_at, h.returned_at, h.left_at, h.valid_to,
       CASE WHEN c.clock = 'wall' THEN greatest(h.valid_from, coalesce(h.enrolled_at, h.valid_from))
            ELSE coalesce(h.enrolled_at, h.valid_from) END AS known_at,
       c.clock, c.zone
FROM enrolment_history h, cut c
WHERE h.role = 'student' AND h.course_id <> '*' AND (c.clock = 'wall' OR h.valid_to IS NULL);

CREATE TEMP TABLE spine AS
WITH pairs AS (
    SELECT student_id, course_id, min(known_on) AS first_on
    FROM (
        SELECT student_id, course_id, known_on FROM known
        UNION ALL
        SELECT e.student_id, e.course_id, CAST(timezone(e.zone, e.known_at) AS DATE) FROM enrolled e, cut c WHERE e.known_at < c.as_of
    )
    GROUP BY ALL
),
     days AS (
         SELECT student_id, course_id, CAST(unnest(generate_series(greatest(first_on, since), last, INTERVAL 1 day)) AS DATE) AS day
         FROM pairs, cut
     )
SELECT d.*, least(c.as_of, timezone(c.zone, CAST(d.day + 1 AS TIMESTAMP))) AS known_until
FROM days d, cut c;

-- What each day held, by when it was known: of what came late a later row knows, and the day's own does not.
CREATE TEMP TABLE held AS
SELECT student_id, course_id, day, known_on,
       count(*) FILTER (WHERE acts)                              AS interactions,
       count(*) FILTER (WHERE event_name = 'page_view')          AS page_views,
       count(*) FILTER (WHERE event_name = 'video_play')         AS video_plays,
       count(DISTINCT chapter_id)                                AS chapters,
       count(*) FILTER (WHERE event_name = 'assignment_submit')  AS submissions,
       count(*) FILTER (WHERE score BETWEEN 0 AND 100)           AS quiz_attempts
FROM known
GROUP BY ALL;

CREATE TEMP TABLE minutes AS
SELECT student_id, course_id, day, known_on, count(*) AS active_minutes
FROM (
    SELECT student_id, course_id, day, time_bucket(INTERVAL 1 minute, event_time) AS minute, min(known_on) AS known_on
    FROM known WHERE acts GROUP BY student_id, course_id, day, minute
)
GROUP BY ALL;

CREATE TEMP TABLE active AS
SELECT student_id, course_id, day, min(known_on) AS known_on FROM minutes GROUP BY ALL;

CREATE TEMP TABLE lately AS
SELECT s.student_id, s.course_id, s.day, sum(h.interactions) AS interactions_7d
FROM spine s
JOIN held h ON h.student_id = s.student_id AND h.course_id = s.course_id
    AND h.day > s.day - 7 AND h.day <= s.day AND h.known_on <= s.day
GROUP BY ALL;

CREATE TEMP TABLE lately_minutes AS
SELECT s.student_id, s.course_id, s.day, sum(m.active_minutes) AS active_minutes_7d
FROM spine s
JOIN minutes m ON m.student_id = s.student_id AND m.course_id = s.course_id
    AND m.day > s.day - 7 AND m.day <= s.day AND m.known_on <= s.day
GROUP BY ALL;

CREATE TEMP TABLE habits AS
SELECT s.student_id, s.course_id, s.day,
       count(*) FILTER (WHERE a.day > s.day - 7)  AS active_days_7d,
       count(*) FILTER (WHERE a.day > s.day - 28) AS active_days_28d,
       s.day - max(a.day)                         AS days_since_active
FROM spine s
JOIN active a ON a.student_id = s.student_id AND a.course_id = s.course_id AND a.day <= s.day AND a.known_on <= s.day
GROUP BY s.student_id, s.course_id, s.day;

CREATE TEMP TABLE scores AS
SELECT s.student_id, s.course_id, s.day,
       count(*) AS quiz_attempts_total, avg(k.score) AS quiz_mean_score,
       arg_max(k.score, (k.event_time, k.event_id)) AS quiz_last_score
FROM spine s
JOIN known k ON k.student_id = s.student_id AND k.course_id = s.course_id AND k.known_on <= s.day
WHERE k.score BETWEEN 0 AND 100
GROUP BY ALL;

-- Items as they were known on each day, whatever has become of them since.
CREATE TEMP TABLE open_items AS
SELECT s.course_id, s.day, s.known_until, i.item_id, i.available_from, i.due_at
FROM (SELECT DISTINCT course_id, day, known_until FROM spine) s
JOIN content_item_history i ON i.course_id = s.course_id
CROSS JOIN cut c
WHERE CASE WHEN c.clock = 'wall' THEN i.valid_from < s.known_until AND (i.valid_to IS NULL OR i.valid_to >= s.known_until)
           ELSE i.valid_to IS NULL END
  AND NOT (i.item_id = i.course_id AND lower(i.kind) = 'course');

CREATE TEMP TABLE courses AS
SELECT o.course_id, o.day,
       count(*) FILTER (WHERE o.available_from IS NULL OR o.available_from < o.known_until) AS items,
       count(*) FILTER (WHERE o.due_at < o.known_until)                                     AS items_due,
       date_diff('day', timezone(any_value(c.zone), any_value(o.known_until)),
                 timezone(any_value(c.zone), min(o.due_at) FILTER (WHERE o.due_at >= o.known_until))) AS days_to_next_due
FROM open_items o, cut c
GROUP BY o.course_id, o.day;

CREATE TEMP TABLE done AS
SELECT student_id, course_id, assessment_id, min(known_on) AS known_on
FROM known
WHERE assessment_id IS NOT NULL AND (event_name = 'assignment_submit' OR score IS NOT NULL)
GROUP BY ALL;

CREATE TEMP TABLE missed AS
SELECT s.student_id, s.course_id, s.day, count(*) AS items_missed
FROM spine s
JOIN open_items o ON o.course_id = s.course_id AND o.day = s.day AND o.due_at < s.known_until
LEFT JOIN done d ON d.student_id = s.student_id AND d.course_id = s.course_id AND d.assessment_id = o.item_id AND d.known_on <= s.day
WHERE d.student_id IS NULL
GROUP BY ALL;

CREATE TEMP TABLE belongs AS
SELECT s.student_id, s.course_id, s.day, e.class_id,
       e.enrolled_at IS NULL OR coalesce(e.left_at >= s.known_until, true) OR e.enrolled_at > e.left_at
           OR coalesce(e.returned_at > e.left_at AND e.returned_at < s.known_until, false) AS is_enrolled,
       CAST(s.day - CAST(timezone(e.zone, e.enrolled_at) AS DATE) AS INTEGER) AS days_enrolled
FROM spine s
JOIN enrolled e ON e.student_id = s.student_id AND e.course_id = s.course_id
    AND e.known_at < s.known_until AND (e.clock = 'data' OR e.valid_to IS NULL OR e.valid_to >= s.known_until);

CREATE TEMP TABLE features AS
SELECT s.student_id, s.course_id, s.day, s.known_until, b.class_id, b.is_enrolled, b.days_enrolled,
       coalesce(h.interactions, 0)          AS interactions,
       coalesce(m.active_minutes, 0)        AS active_minutes,
       coalesce(h.page_views, 0)            AS page_views,
       coalesce(h.video_plays, 0)           AS video_plays,
       coalesce(h.chapters, 0)              AS chapters,
       coalesce(h.submissions, 0)           AS submissions,
       coalesce(h.quiz_attempts, 0)         AS quiz_attempts,
       coalesce(l.interactions_7d, 0)       AS interactions_7d,
       coalesce(n.active_minutes_7d, 0)     AS active_minutes_7d,
       coalesce(a.active_days_7d, 0)        AS active_days_7d,
       coalesce(a.active_days_28d, 0)       AS active_days_28d,
       a.days_since_active,
       coalesce(q.quiz_attempts_total, 0)   AS quiz_attempts_total,
       q.quiz_mean_score, q.quiz_last_score,
       c.items, c.items_due,
       CASE WHEN c.items IS NOT NULL THEN coalesce(x.items_missed, 0) END AS items_missed,
       c.days_to_next_due
FROM spine s
LEFT JOIN held h ON h.student_id = s.student_id AND h.course_id = s.course_id AND h.day = s.day AND h.known_on = s.day
LEFT JOIN minutes m ON m.student_id = s.student_id AND m.course_id = s.course_id AND m.day = s.day AND m.known_on = s.day
LEFT JOIN lately l ON l.student_id = s.student_id AND l.course_id = s.course_id AND l.day = s.day
LEFT JOIN lately_minutes n ON n.student_id = s.student_id AND n.course_id = s.course_id AND n.day = s.day
LEFT JOIN habits a ON a.student_id = s.student_id AND a.course_id = s.course_id AND a.day = s.day
LEFT JOIN scores q ON q.student_id = s.student_id AND q.course_id = s.course_id AND q.day = s.day
LEFT JOIN courses c ON c.course_id = s.course_id AND c.day = s.day
LEFT JOIN missed x ON x.student_id = s.student_id AND x.course_id = s.course_id AND x.day = s.day
LEFT JOIN belongs b ON b.student_id = s.student_id AND b.course_id = s.course_id AND b.day = s.day;
