-- Who came to be at risk since the last digest ended and still is, counted by class; before day 14 of a term nobody has a score.
WITH digest AS MATERIALIZED (
    SELECT max(e.ended) AS ended
    FROM (
        SELECT (d + time '{{digest_ends}}') AT TIME ZONE classpulse_timezone() AS ended
        FROM generate_series(local_day((SELECT classpulse_now())) - 8, local_day((SELECT classpulse_now()))::timestamp, interval '1 day') d
        WHERE extract(isodow FROM d) IN ({{digest_days}})
    ) e
    WHERE e.ended <= (SELECT classpulse_now())
),
entries AS MATERIALIZED (
    SELECT class_id, student_id, reasons, entered_at > (SELECT ended FROM digest) AS is_new
    FROM student_risk_entries
    WHERE left_at IS NULL AND entered_at <= (SELECT classpulse_now())
),
counted AS (
    SELECT class_id, count(DISTINCT student_id) AS students, count(DISTINCT student_id) FILTER (WHERE is_new) AS fresh
    FROM entries GROUP BY class_id
),
told AS (
    SELECT class_id, string_agg(students || ' ' || reason, ', ' ORDER BY students DESC, reason) AS reasons
    FROM (
        SELECT e.class_id, r.reason, count(DISTINCT e.student_id) AS students
        FROM entries e CROSS JOIN LATERAL unnest(e.reasons) r (reason)
        WHERE e.is_new
        GROUP BY e.class_id, r.reason
    ) n
    GROUP BY class_id
)
SELECT c.class_id,
       coalesce(c.in_term AND n.fresh >= 1, false) AS firing,
       coalesce(n.fresh, 0) AS fresh,
       coalesce(n.students, 0) AS students,
       c.title AS class,
       t.reasons,
       CASE WHEN c.in_term THEN 1 ELSE 2 END AS reason,
       c.content_behind AS behind,
       c.as_of
FROM alert_classes c
LEFT JOIN counted n ON n.class_id = c.class_id
LEFT JOIN told t ON t.class_id = c.class_id
