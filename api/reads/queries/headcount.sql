-- A row a class, and one for all of them together (class_id null) in which nobody counts twice.
WITH alike AS MATERIALIZED (
    SELECT class_id,
           CASE WHEN NOT is_only THEN student_id END            AS one_of_several,
           is_present,
           is_enrolled,
           status,
           count(*)                                             AS students,
           sum(round(engagement_score * 10000)::bigint)::bigint AS score_sum,
           max(last_active_at)                                  AS last_seen
    FROM class_students
    WHERE {{allowed}}
    GROUP BY 1, 2, 3, 4, 5
),
once AS (
    SELECT is_present, is_enrolled, status, students, score_sum, last_seen FROM alike WHERE one_of_several IS NULL
    UNION ALL
    SELECT is_present, is_enrolled, status, students, score_sum, last_seen
    FROM (
        SELECT DISTINCT ON (one_of_several)
               is_present, bool_or(is_enrolled) OVER (PARTITION BY one_of_several) AS is_enrolled, status,
               students, score_sum, last_seen
        FROM alike
        WHERE one_of_several IS NOT NULL
        ORDER BY one_of_several, is_present DESC, alike.is_enrolled DESC, class_id
    ) several
),
counted AS (
    SELECT class_id, false AS is_total, is_present, is_enrolled, status, students, score_sum, last_seen
    FROM alike
    WHERE class_id IS NOT NULL
    UNION ALL
    SELECT NULL, true, is_present, is_enrolled, status, students, score_sum, last_seen FROM once
    UNION ALL
    SELECT NULL, true, false, false, NULL, 0, NULL, NULL -- nobody is a number too
),
summed AS (
    SELECT class_id,
           is_total,
           coalesce(sum(students) FILTER (WHERE is_present AND status = 'active'), 0)::bigint AS active_students,
           coalesce(sum(students) FILTER (WHERE is_present AND status = 'idle'), 0)::bigint   AS idle_students,
           coalesce(sum(students) FILTER (WHERE is_present), 0)::bigint                       AS present,
           coalesce(sum(students) FILTER (WHERE is_enrolled AND NOT is_present), 0)::bigint   AS absent,
           coalesce(sum(students) FILTER (WHERE is_enrolled), 0)::bigint                      AS enrolled,
           sum(score_sum) FILTER (WHERE is_present)                                           AS score_sum,
           max(last_seen)                                                                     AS last_active_at
    FROM counted
    GROUP BY class_id, is_total
)
SELECT s.class_id, l.title, l.grade, active_students, idle_students, present, absent, enrolled,
       round(idle_students::numeric / nullif(present, 0), 4)::double precision          AS idle_share,
       round(score_sum / (nullif(present, 0) * 100), 1)::double precision               AS engagement_score,
       last_active_at
FROM summed s
LEFT JOIN class_list l ON l.class_id = s.class_id
WHERE is_total OR present > 0 OR enrolled > 0
ORDER BY is_total DESC, s.class_id
