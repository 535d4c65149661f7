-- A class now, against its last ten minutes and against the same minutes of earlier weeks, as far as those are known.
drops AS (
    SELECT c.class_id, c.period, c.engagement_behind AS behind, c.as_of,
           a.active_students AS active, a.present, a.enrolled, b.last_10m, b.usual,
           coalesce(c.as_of >= c.began + interval '{{lesson_edge_min}} minutes'
                    AND c.as_of < c.ends - interval '{{lesson_edge_min}} minutes' AND b.last_10m >= {{present_least}}, false) AS running,
           coalesce(a.active_students <= (1 - {{drop_share}}) * b.last_10m AND b.last_10m - a.active_students >= {{drop_students}}
                    AND (b.usual IS NULL
                         OR a.active_students <= (1 - {{drop_share}}) * b.usual AND b.usual - a.active_students >= {{drop_students}}),
                    false) AS dropped
    FROM alert_classes c
    JOIN active_now a ON a.scope = 'class' AND a.scope_id = c.class_id
    JOIN active_before b ON b.class_id = c.class_id
),
many AS (
    SELECT count(*) FILTER (WHERE running AND dropped) AS dropped, count(*) FILTER (WHERE running) AS running, max(behind) AS behind,
           count(*) FILTER (WHERE running AND dropped) >= {{many_classes}}
               AND count(*) FILTER (WHERE running AND dropped) >= {{many_share}} * count(*) FILTER (WHERE running) AS broke,
           max(as_of) AS as_of
    FROM drops
)
