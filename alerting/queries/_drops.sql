-- A class now, against its last ten minutes and against the same minutes of earlier weeks, as far as those are known.
now_and_before AS (
    SELECT c.class_id, c.title, c.period, c.engagement_behind AS behind, c.as_of,
           a.active_students AS active, a.present, a.enrolled, b.last_10m, b.usual,
           coalesce(c.as_of >= c.began + interval '{{lesson_edge_min}} minutes'
                    AND c.as_of < c.ends - interval '{{lesson_edge_min}} minutes', false) AS in_lesson,
           coalesce(b.last_10m >= {{present_least}}, false) AS enough,
           coalesce(a.active_students <= (1 - {{drop_share}}) * b.last_10m AND b.last_10m - a.active_students >= {{drop_students}}
                    AND (b.usual IS NULL
                         OR a.active_students <= (1 - {{drop_share}}) * b.usual AND b.usual - a.active_students >= {{drop_students}}),
                    false) AS fell
    FROM alert_classes c
    JOIN class_presence a ON a.class_id = c.class_id
    JOIN active_before b ON b.class_id = c.class_id
),
minutes AS MATERIALIZED (
    SELECT scope_id, window_start, active_5m FROM activity
    WHERE scope = 'class' AND window_start >= (SELECT classpulse_now() - interval '11 minutes')
      AND window_start <= (SELECT classpulse_now())
),
drops AS MATERIALIZED (
    SELECT n.*, n.in_lesson AND n.enough AS running,
           -- the end of the last minute that still had more than what is left now may be
           (SELECT max(w.window_start) FROM minutes w
            WHERE n.in_lesson AND n.enough AND n.fell AND w.scope_id = n.class_id AND w.active_5m > (1 - {{drop_share}}) * n.last_10m)
               AS fell_at
    FROM now_and_before n
),
many AS (
    SELECT coalesce(max(t.together), 0) AS dropped, count(*) FILTER (WHERE d.running) AS running, max(d.behind) AS behind,
           coalesce(max(t.together), 0) >= {{many_classes}}
               AND coalesce(max(t.together), 0) >= {{many_share}} * count(*) FILTER (WHERE d.running) AS broke,
           max(d.as_of) AS as_of
    FROM drops d
    LEFT JOIN (
        SELECT class_id, count(*) OVER (ORDER BY fell_at RANGE BETWEEN CURRENT ROW AND interval '{{many_within_min}} minutes' FOLLOWING)
                   AS together
        FROM drops WHERE fell_at IS NOT NULL
    ) t ON t.class_id = d.class_id
)
