-- What alert rules ask: a row a class of the roster, whatever happens in it, with its lesson and how far the data are behind.

-- Today's lessons: none outside terms, where terms are known. They are numbered by their start.
CREATE OR REPLACE VIEW todays_lessons WITH (security_barrier) AS
SELECT p.class_id,
       row_number() OVER (PARTITION BY p.class_id ORDER BY p.starts) AS period,
       p.subject_id,
       (l.now::date + p.starts) AT TIME ZONE classpulse_timezone()    AS began,
       (l.now::date + p.ends) AT TIME ZONE classpulse_timezone()      AS ends
FROM (SELECT classpulse_now() AT TIME ZONE classpulse_timezone() AS now OFFSET 0) l
JOIN periods p ON p.weekday = extract(isodow FROM l.now)::bigint
WHERE NOT EXISTS (SELECT FROM terms)
   OR EXISTS (SELECT FROM terms t WHERE l.now::date BETWEEN t.starts AND t.ends);
COMMENT ON VIEW todays_lessons IS 'A row is a lesson of today: class x period, inside a term.';

-- Classes of the roster; of enrolments, which are many, each class once before they are put together.
CREATE OR REPLACE VIEW roster_classes AS
SELECT class_id FROM classes
UNION SELECT class_id FROM (SELECT DISTINCT class_id FROM enrolments WHERE class_id IS NOT NULL) e;

-- Who is enrolled in a class, each once.
CREATE OR REPLACE VIEW class_members WITH (security_barrier) AS
SELECT class_id, student_id FROM class_enrolled WHERE class_id IS NOT NULL;
COMMENT ON VIEW class_members IS 'A row is a student x class in which they are enrolled.';

-- active_now of classes alone and without scores: rules ask it every minute. Since the lesson began, or for two hours at most, too:
-- idle_players, away_players and silent_players may be watching a video and are idle, not active, or silent for two minutes;
-- signed_off_at: when those left who said session_end after their last interaction.
CREATE OR REPLACE VIEW class_presence WITH (security_barrier) AS
SELECT r.class_id,
       coalesce(h.active_students, 0)                               AS active_students,
       coalesce(h.idle_students, 0)                                 AS idle_students,
       coalesce(h.present, 0)                                       AS present,
       coalesce(x.enrolled, 0)                                      AS enrolled,
       coalesce(h.idle_players, 0)                                  AS idle_players,
       coalesce(h.away_players, 0)                                  AS away_players,
       coalesce(h.silent_players, 0)                                AS silent_players,
       h.signed_off_at
FROM roster_classes r
LEFT JOIN (
    SELECT class_id,
           count(*) FILTER (WHERE is_present AND status = 'active') AS active_students,
           count(*) FILTER (WHERE is_present AND status = 'idle')   AS idle_students,
           count(*) FILTER (WHERE is_present)                       AS present,
           count(*) FILTER (WHERE is_present AND status = 'idle' AND plays_on) AS idle_players,
           count(*) FILTER (WHERE status <> 'active' AND plays_on)  AS away_players,
           count(*) FILTER (WHERE last_event_at <= as_of - interval '2 minutes'
                              AND (plays_on OR playing_until > as_of - interval '2 minutes')) AS silent_players,
           array_agg(session_end_at) FILTER (WHERE session_end_at > last_interaction_at) AS signed_off_at
    FROM (
        SELECT *, plays_on(last_interaction_at, last_event_at, last_event_name, session_end_at, playing_until) AS plays_on FROM student_now
    ) n
    WHERE is_present OR greatest(last_interaction_at, session_end_at) >= coalesce(began, as_of - interval '2 hours')
    GROUP BY class_id
) h ON h.class_id = r.class_id
LEFT JOIN (SELECT class_id, count(*) AS enrolled FROM class_members GROUP BY class_id) x ON x.class_id = r.class_id;
COMMENT ON VIEW class_presence IS 'A row is a class of the roster, as of now: active_now without scores, and much cheaper.';
COMMENT ON COLUMN class_presence.idle_players IS 'Idle students whose last sign was a video: they may be watching.';
COMMENT ON COLUMN class_presence.away_players IS 'Likewise, and not active any more.';
COMMENT ON COLUMN class_presence.silent_players IS 'Likewise, and silent for two minutes.';
COMMENT ON COLUMN class_presence.signed_off_at IS 'When each of those who left said session_end last; of this lesson, or of two hours.';

-- Who is enrolled in a class and active in another one's items: not lost, where they were here before.
CREATE OR REPLACE VIEW class_elsewhere WITH (security_barrier) AS
SELECT m.class_id, m.student_id, n.class_id AS in_class
FROM student_now n
JOIN class_members m ON m.student_id = n.student_id AND m.class_id <> n.class_id
WHERE n.status = 'active';
COMMENT ON VIEW class_elsewhere IS 'A row is a student x class in which they are enrolled while they are active in another class''s items.';
COMMENT ON COLUMN class_elsewhere.in_class IS 'Class in whose items the student is active.';

-- behind: seconds from each flow's lowest watermark to now; null before it has one.
CREATE OR REPLACE VIEW alert_classes WITH (security_barrier) AS
SELECT r.class_id,
       coalesce(t.title, r.class_id)                                AS title,
       coalesce(t.idle_after_s, date_part('epoch', classpulse_idle_after()))::bigint AS idle_after_s,
       NOT EXISTS (SELECT FROM terms)
           OR EXISTS (SELECT FROM terms t WHERE local_day(k.now) BETWEEN t.starts AND t.ends) AS in_term,
       EXISTS (SELECT FROM periods p WHERE p.class_id = r.class_id) AS has_timetable,
       l.period,
       l.subject_id,
       l.began,
       l.ends,
       date_part('epoch', k.now - f.engagement)                     AS engagement_behind,
       date_part('epoch', k.now - f.content)                        AS content_behind,
       date_part('epoch', k.now - f.memory)                         AS memory_behind,
       k.now                                                        AS as_of
FROM (SELECT classpulse_now() AS now OFFSET 0) k
CROSS JOIN (
    SELECT nullif(min(watermark) FILTER (WHERE flow = 'engagement'), '-infinity') AS engagement,
           nullif(min(watermark) FILTER (WHERE flow = 'content'), '-infinity')    AS content,
           nullif(min(watermark) FILTER (WHERE flow = 'memory'), '-infinity')     AS memory
    FROM task_watermarks
) f
CROSS JOIN roster_classes r
LEFT JOIN classes t ON t.class_id = r.class_id
LEFT JOIN (
    SELECT DISTINCT ON (class_id) class_id, period, subject_id, began, ends
    FROM todays_lessons
    WHERE began <= (SELECT classpulse_now()) AND (SELECT classpulse_now()) < ends
    ORDER BY class_id, began DESC
) l ON l.class_id = r.class_id;
COMMENT ON VIEW alert_classes IS 'A row is a class of the roster, for alert rules.';
COMMENT ON COLUMN alert_classes.idle_after_s IS 'Seconds until a student is idle.';
COMMENT ON COLUMN alert_classes.in_term IS 'Today lies in a term.';
COMMENT ON COLUMN alert_classes.has_timetable IS 'The class has periods.';
COMMENT ON COLUMN alert_classes.period IS 'Of the running lesson, else null.';
COMMENT ON COLUMN alert_classes.subject_id IS 'Of the running lesson, else null.';
COMMENT ON COLUMN alert_classes.began IS 'Of the running lesson, else null.';
COMMENT ON COLUMN alert_classes.ends IS 'Of the running lesson, else null.';
COMMENT ON COLUMN alert_classes.engagement_behind IS 'Seconds; null where the flow was never fed.';
COMMENT ON COLUMN alert_classes.content_behind IS 'Seconds; null where the flow was never fed.';
COMMENT ON COLUMN alert_classes.memory_behind IS 'Seconds; null where the flow was never fed.';

-- How many were active in a class: at most since its lesson began (where none runs, in the last ten whole minutes), and, on average, in
-- the five minutes up to this time of the week in the last four weeks; null unless two of those weeks know the class then. Where the class
-- has no timetable, usual_next tells the same of the five minutes that follow.
CREATE OR REPLACE VIEW active_before WITH (security_barrier) AS
WITH clock AS MATERIALIZED (SELECT classpulse_now() AS now),
     weeks AS MATERIALIZED (
         SELECT n, ahead,
                (k.now AT TIME ZONE classpulse_timezone() - n * interval '7 days' + ahead * interval '5 minutes')
                    AT TIME ZONE classpulse_timezone() AS at
         FROM clock k, generate_series(1, 4) n, generate_series(0, 1) ahead
         WHERE ahead = 0
            OR EXISTS (SELECT FROM roster_classes r WHERE NOT EXISTS (SELECT FROM periods p WHERE p.class_id = r.class_id))
     ),
     running AS MATERIALIZED (SELECT class_id, began FROM running_periods),
     recent AS MATERIALIZED (
         SELECT w.scope_id AS class_id, w.window_start, sum(w.active_5m)::bigint AS students
         FROM activity_windows w
         WHERE w.scope = 'class'
           AND w.window_start >= (SELECT least(k.now - interval '11 minutes', (SELECT min(began) FROM running)) FROM clock k)
           AND w.window_start <= (SELECT now - interval '1 minute' FROM clock)
         GROUP BY w.scope_id, w.window_start
     ),
     usual AS MATERIALIZED (
         SELECT s.class_id, s.ahead, avg(s.students)::double precision AS students
         FROM (
             SELECT m.class_id, week.n, week.ahead, max(m.students) AS students
             FROM weeks week
             CROSS JOIN LATERAL ( -- week by week, so that spans of five minutes are read
                 SELECT w.scope_id AS class_id, sum(w.active_5m)::bigint AS students FROM activity_windows w
                 WHERE w.scope = 'class' AND w.window_start > week.at - interval '5 minutes' AND w.window_start <= week.at
                 GROUP BY w.scope_id, w.window_start
             ) m
             GROUP BY m.class_id, week.n, week.ahead
         ) s
         GROUP BY s.class_id, s.ahead
         HAVING count(*) >= 2
     )
SELECT c.class_id, m.students AS before, u.students AS usual, f.students AS usual_next, k.now AS as_of
FROM clock k
CROSS JOIN roster_classes c
LEFT JOIN (
    SELECT r.class_id, max(r.students) AS students
    FROM recent r
    CROSS JOIN clock k
    LEFT JOIN running p ON p.class_id = r.class_id
    WHERE r.window_start >= coalesce(p.began, k.now - interval '11 minutes')
    GROUP BY r.class_id
) m ON m.class_id = c.class_id
LEFT JOIN usual u ON u.class_id = c.class_id AND u.ahead = 0
LEFT JOIN usual f ON f.class_id = c.class_id AND f.ahead = 1 AND NOT EXISTS (SELECT FROM periods p WHERE p.class_id = c.class_id);
COMMENT ON VIEW active_before IS 'A row is a class of the roster.';
COMMENT ON COLUMN active_before.before IS 'Most of active_5m since the lesson began; where none runs, in the last ten whole minutes.';
COMMENT ON COLUMN active_before.usual IS 'Mean of the same five minutes in the last four weeks; null under two of them.';
COMMENT ON COLUMN active_before.usual_next IS 'Likewise of the five minutes that follow, where a class has no timetable.';

-- How many of a class were idle in the five minutes up to this time of the week, least and most of the last four weeks: those whose
-- score was taken in a minute without their being active in its five; null unless two of those weeks know the class then.
CREATE OR REPLACE VIEW idle_before WITH (security_barrier) AS
WITH clock AS MATERIALIZED (SELECT classpulse_now() AS now),
     weeks AS MATERIALIZED (
         SELECT n, (k.now AT TIME ZONE classpulse_timezone() - n * interval '7 days') AT TIME ZONE classpulse_timezone() AS at
         FROM clock k, generate_series(1, 4) n
     ),
     staff AS MATERIALIZED ( -- once for all classes; who interacted in five minutes has a recency over 1/e
         SELECT s."time" AS bucket, s.class_id, count(*) AS active
         FROM weeks w
         CROSS JOIN generate_series(0, 4) back
         JOIN engagement_scores s ON s."time" = date_trunc('minute', w.at) - back * interval '1 minute'
                                 AND s.student_id = ANY (ARRAY(SELECT staff_id FROM known_staff))
         WHERE s.recency > 0.3679
         GROUP BY s."time", s.class_id
     )
SELECT c.class_id, u.low, u.high, k.now AS as_of
FROM clock k
CROSS JOIN roster_classes c
LEFT JOIN LATERAL (
    SELECT min(s.idle)::bigint AS low, max(s.idle)::bigint AS high
    FROM (
        SELECT round(avg(greatest(e.students - coalesce(w.students, 0), 0))) AS idle
        FROM weeks week
        CROSS JOIN LATERAL ( -- week by week, so that spans of five minutes are read
            SELECT bucket, students FROM engagement_by_class_1m
            WHERE class_id = c.class_id AND bucket > week.at - interval '5 minutes' AND bucket <= week.at
            OFFSET 0
        ) e
        LEFT JOIN LATERAL (
            -- windows know no roster: less the staff, whom scores leave out
            SELECT sum(a.active_5m) - coalesce((SELECT f.active FROM staff f WHERE f.bucket = e.bucket AND f.class_id = c.class_id), 0) AS students
            FROM activity_windows a
            WHERE a.scope = 'class' AND a.scope_id = c.class_id AND a.window_start = e.bucket
        ) w ON true
        GROUP BY week.n
    ) s
    HAVING count(*) >= 2
) u ON true;
COMMENT ON VIEW idle_before IS 'A row is a class of the roster.';
COMMENT ON COLUMN idle_before.low IS 'Fewest students idle in the same five minutes of the last four weeks; null under two.';
COMMENT ON COLUMN idle_before.high IS 'Most of them.';
