minutes AS MATERIALIZED (
    SELECT scope_id AS class_id, window_start, active_students, active_5m FROM activity
    WHERE scope = 'class'
      AND window_start >= (SELECT least(classpulse_now() - interval '60 minutes', min(began)) FROM todays_lessons
                           WHERE began <= (SELECT classpulse_now()) AND ends > (SELECT classpulse_now()))
      AND window_start <= (SELECT classpulse_now())
),
classes_now AS MATERIALIZED (
    SELECT c.*, a.active_students, a.away_players, a.silent_players, a.signed_off_at, a.present, a.enrolled, b.usual, b.usual_next,
           -- up to here the log is read to the end of a minute
           date_trunc('minute', c.as_of - coalesce(c.engagement_behind, 0) * interval '1 second') AS upto
    FROM alert_classes c
    JOIN class_presence a ON a.class_id = c.class_id
    JOIN active_before b ON b.class_id = c.class_id
),
-- A class now, and as it was: before as in active_before, from the minutes that are read anyhow.
now_and_before AS MATERIALIZED (
    SELECT c.class_id, c.title, c.period, c.began, c.ends, c.engagement_behind AS behind, c.as_of,
           c.active_students AS active, c.away_players, c.silent_players, c.signed_off_at, c.present, c.enrolled, m.before, c.usual, c.upto,
           coalesce(m.most_heard, 0) AS most_heard, coalesce(m.last_heard, 0) AS last_heard,
           -- without a timetable a lesson is where it is usual that the class works, and will be for five minutes
           coalesce(CASE WHEN c.has_timetable THEN c.as_of >= c.began + interval '{{lesson_edge_min}} minutes'
                         ELSE c.in_term AND c.usual >= {{present_least}} AND c.usual_next >= {{present_least}} END, false) AS in_lesson,
           coalesce(m.before >= {{present_least}}, false) AS enough
    FROM classes_now c
    LEFT JOIN (
        SELECT n.class_id,
               max(w.active_5m) FILTER (WHERE w.window_start >= coalesce(n.began, n.as_of - interval '11 minutes')
                                          AND w.window_start <= n.as_of - interval '1 minute') AS before,
               max(w.active_students) FILTER (WHERE w.window_start >= n.upto - interval '20 minutes') AS most_heard,
               max(w.active_students) FILTER (WHERE w.window_start = n.upto - interval '1 minute') AS last_heard
        FROM classes_now n
        JOIN minutes w ON w.class_id = n.class_id
        GROUP BY n.class_id
    ) m ON m.class_id = c.class_id
),
-- the last whole minutes, without those in which a lesson fills: how many students sent anything; of those classes that can have fallen
-- silent, since in the last minute half as many at most were heard of as in some minute before
heard AS (
    SELECT n.class_id, age, coalesce(w.active_students, 0) AS students
    FROM now_and_before n
    CROSS JOIN generate_series(1, 20) age
    LEFT JOIN minutes w ON w.class_id = n.class_id AND w.window_start = n.upto - age * interval '1 minute'
    WHERE n.in_lesson
      AND n.most_heard >= {{small_least}} AND n.last_heard + n.silent_players <= (1 - {{drop_share}}) * n.most_heard
      AND n.upto - age * interval '1 minute' >= coalesce(n.began + interval '{{lesson_edge_min}} minutes', '-infinity')
),
-- of so many minutes the most that were heard of, and the least in any of the ten before those
scanned AS (
    SELECT class_id, age, max(students) OVER latest AS here, min(students) OVER before AS least,
           avg(students) OVER before AS mean, count(*) OVER before AS known
    FROM heard
    WINDOW latest AS (PARTITION BY class_id ORDER BY age),
           before AS (PARTITION BY class_id ORDER BY age ROWS BETWEEN 1 FOLLOWING AND 10 FOLLOWING)
),
fallen AS MATERIALIZED (
    -- fell silent: in each of the last minutes half as many at most were heard of as in any minute before
    SELECT n.class_id, s.age AS minutes, s.least AS base, round(s.mean)::bigint AS before, s.here + n.silent_players AS here,
           n.upto - s.age * interval '1 minute' AS fell_at, n.upto - (s.age + 3) * interval '1 minute' AS left_since
    FROM scanned s
    JOIN now_and_before n ON n.class_id = s.class_id
    WHERE s.age <= 10 AND s.known >= 3 AND s.least >= {{small_least}}
      AND s.here + n.silent_players <= (1 - {{drop_share}}) * s.least
    UNION ALL
    -- work no more, for three whole minutes: against the most since the lesson began
    SELECT n.class_id, 3, n.before, n.before, n.active + n.away_players, w.last_above - interval '3 minutes', '-infinity'
    FROM now_and_before n
    CROSS JOIN LATERAL (
        SELECT max(w.window_start) AS last_above FROM minutes w
        WHERE w.class_id = n.class_id AND w.window_start >= n.as_of - interval '60 minutes'
          AND w.active_5m + n.away_players > (1 - {{drop_share}}) * n.before
    ) w
    WHERE n.in_lesson AND n.enough
      AND n.active + n.away_players <= (1 - {{drop_share}}) * n.before
      AND w.last_above < n.upto - interval '3 minutes'
),
-- who goes on in another class's items is not lost, if they were here before it fell
left_over AS MATERIALIZED (
    SELECT f.*,
           (SELECT count(*) FROM unnest(n.signed_off_at) at WHERE at >= f.left_since) AS said_goodbye,
           f.here + (
               SELECT count(*) FROM class_elsewhere e
               WHERE e.class_id = f.class_id
                 AND coalesce((SELECT bool_or(s.class_id = f.class_id) FROM student_engagement s
                               WHERE s.student_id = e.student_id AND s."time" < f.fell_at
                                 AND s."time" >= coalesce(n.began, f.fell_at - interval '30 minutes')), true)
           ) AS still
    FROM fallen f
    JOIN now_and_before n ON n.class_id = f.class_id
),
lost AS MATERIALIZED (
    SELECT DISTINCT ON (n.class_id) n.class_id, l.still, l.before, l.fell_at, l.minutes,
           2 * l.said_goodbye >= l.before - l.still AS signed_off
    FROM left_over l
    JOIN now_and_before n ON n.class_id = l.class_id
    WHERE (n.ends IS NULL OR l.fell_at < n.ends - interval '{{lesson_edge_min}} minutes')
      AND l.still <= (1 - {{drop_share}}) * l.base
      AND CASE WHEN l.base >= {{present_least}} THEN l.base - l.still >= {{drop_students}} ELSE l.still = 0 END
      AND (n.usual IS NULL OR l.still <= (1 - {{drop_share}}) * n.usual
                              AND (n.usual - l.still >= {{drop_students}} OR l.base < {{present_least}}))
    ORDER BY n.class_id, 2 * l.said_goodbye >= l.before - l.still, l.minutes DESC, l.before DESC
),
drops AS MATERIALIZED (
    SELECT n.class_id, n.title, n.period, n.behind, n.as_of, n.present, n.enrolled, n.usual, n.in_lesson, n.enough,
           n.in_lesson AND n.enough AS running,
           coalesce(l.still, n.active) AS active, coalesce(l.before, n.before, 0) AS before,
           coalesce(l.minutes >= 2 AND NOT l.signed_off, false) AS fell,
           coalesce(l.signed_off, false) AS signed_off,
           CASE WHEN NOT l.signed_off THEN l.fell_at END AS fell_at
    FROM now_and_before n
    LEFT JOIN lost l ON l.class_id = n.class_id
),
-- many at once; breaking: with those that fell silent a minute ago, who may be of them
many AS (
    SELECT coalesce(max(t.together) FILTER (WHERE d.fell), 0) AS dropped,
           count(*) FILTER (WHERE d.running) AS running,
           max(d.behind) AS behind,
           coalesce(max(t.together) FILTER (WHERE d.fell) >= {{many_classes}}
                    AND max(t.together) FILTER (WHERE d.fell) >= {{many_share}} * count(*) FILTER (WHERE d.running), false) AS broke,
           coalesce(max(t.falling) >= {{many_classes}}
                    AND max(t.falling) >= {{many_share}} * count(*) FILTER (WHERE d.running), false) AS breaking,
           max(d.as_of) AS as_of
    FROM drops d
    LEFT JOIN (
        SELECT class_id, count(*) FILTER (WHERE fell) OVER spell AS together, count(*) OVER spell AS falling
        FROM drops WHERE fell_at IS NOT NULL
        WINDOW spell AS (ORDER BY fell_at RANGE BETWEEN CURRENT ROW AND interval '{{many_within_min}} minutes' FOLLOWING)
    ) t ON t.class_id = d.class_id
)
