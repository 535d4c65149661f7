-- One class on one local day, from the lake's events: what each table should say of it. DuckDB runs it.
-- Given are the view events and the tables day (one row), topics, begun, late_days.

-- Clicks of students, five minutes before the day included: which of them counted, by what each met when it came.
CREATE TEMP TABLE clicks AS
WITH judged AS (
    SELECT e.*,
           CAST(timezone(d.zone, e.event_time) AS DATE)      AS local_day,
           time_bucket(INTERVAL 1 minute, e.event_time)      AS minute,
           coalesce(greatest(e.watermark_before, b.settled)
                    >= time_bucket(INTERVAL 1 minute, e.event_time) + INTERVAL 1 minute + to_seconds(d.lateness_s), false) AS late,
           e.event_name NOT IN ('idle', 'session_end', 'course_enroll', 'course_unenroll', 'course_complete')
           AND NOT ((e.event_name IN ('time_ping', 'heartbeat') OR e.event_type = 'heartbeat')
                    AND coalesce(e.metadata ->> '$.hidden', 'false') = 'true') AS acts
    FROM events e
    JOIN topics t ON t.topic = e.topic AND t.kind = 'clicks'
    CROSS JOIN day d
    LEFT JOIN begun b ON b.topic = e.topic AND b.task = e.partition
    WHERE e.role = 'student' AND e.event_time >= d.since - INTERVAL 5 minute AND e.event_time < d.until
)
SELECT j.*, NOT j.late OR coalesce(j.kafka_offset < n.place, false) AS counts
FROM judged j
LEFT JOIN late_days n ON n.day = j.local_day AND n.topic = j.topic AND n.task = j.partition;

CREATE TEMP TABLE counted AS SELECT c.* FROM clicks c, day d WHERE c.counts AND c.class_id = d.class_id;

CREATE TEMP TABLE not_counted AS
SELECT c.* FROM clicks c, day d WHERE NOT c.counts AND c.class_id = d.class_id AND c.event_time >= d.since;

CREATE TEMP TABLE students AS
SELECT DISTINCT e.student_id FROM events e, day d WHERE e.event_time >= d.since AND e.event_time < d.until;

-- A minute has a row where it holds an event, or where one of the five minutes that end with it holds an interaction.
CREATE TEMP TABLE activity_windows AS
WITH held AS (
         SELECT minute, count(*) AS events, count(DISTINCT (partition, student_id)) AS active_students FROM counted GROUP BY minute
     ),
     five AS (
         SELECT minute + to_minutes(r.after) AS minute, count(DISTINCT (partition, student_id)) AS active_5m
         FROM counted, range(5) AS r (after)
         WHERE acts
         GROUP BY ALL
     )
SELECT minute AS window_start, coalesce(events, 0) AS events, coalesce(active_students, 0) AS active_students,
       coalesce(active_5m, 0) AS active_5m
FROM held FULL JOIN five USING (minute), day d
WHERE minute >= d.since AND minute < d.until;

-- What each student did in the class on that day.
CREATE TEMP TABLE student_days AS
SELECT student_id, count(DISTINCT minute) AS minutes_active, count(*) AS interactions
FROM counted, day d
WHERE acts AND event_time >= d.since
GROUP BY student_id;

-- A quiz with a score of 0 to 100; where several topics tell of one, the first of them is believed.
CREATE TEMP TABLE quiz_attempts AS
WITH scored AS (
    SELECT e.event_id, e.student_id AS user_id, e.class_id, e.event_time AS attempted_at, e.kafka_offset, t.rank,
           CASE WHEN t.kind <> 'clicks' THEN t.kind
                WHEN e.metadata ->> '$.quiz_type' = 'diagnostic' THEN 'diagnostic'
                ELSE 'module' END AS quiz_type,
           TRY_CAST(e.metadata ->> '$.score' AS DOUBLE) AS score
    FROM events e
    JOIN topics t USING (topic)
    WHERE e.role = 'student' AND (t.kind IN ('diagnostic', 'module') OR (t.kind = 'clicks' AND e.event_name = 'quiz_submit'))
),
     believed AS (
         SELECT * FROM scored WHERE score BETWEEN 0 AND 100
         QUALIFY row_number() OVER (PARTITION BY user_id, event_id ORDER BY rank, kafka_offset) = 1
     )
SELECT b.event_id, b.user_id, b.attempted_at, b.quiz_type, b.score
FROM believed b, day d
WHERE b.class_id = d.class_id AND b.attempted_at >= d.since AND b.attempted_at < d.until;

-- A chapter view that was sent: a fact, whatever it lasted.
CREATE TEMP TABLE chapter_visits AS
SELECT e.event_id, e.student_id, e.chapter_id, e.event_time AS start_time
FROM events e
JOIN topics t USING (topic)
CROSS JOIN day d
WHERE t.kind = 'views' AND e.role = 'student' AND e.chapter_id IS NOT NULL AND e.class_id = d.class_id
  AND e.event_time >= d.since AND e.event_time < d.until
QUALIFY row_number() OVER (PARTITION BY e.student_id, e.event_id ORDER BY e.kafka_offset) = 1;
