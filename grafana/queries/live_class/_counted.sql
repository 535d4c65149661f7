-- Those alike are counted at once, who has several rows by one of them.
alike AS MATERIALIZED (
    SELECT CASE WHEN NOT is_only THEN student_id END AS one_of_several,
           CASE WHEN NOT is_only THEN class_id END   AS in_class,
           is_present,
           is_enrolled,
           status,
           {{shown}},
           count(*)                                             AS students,
           sum(round(engagement_score * 10000)::bigint)::bigint AS score_sum,
           max(last_active_at)                                  AS last_seen
    FROM class_students
    WHERE {{in_choice}}
    GROUP BY 1, 2, is_present, is_enrolled, status, {{shown}}
),
counted AS (
    SELECT is_present, is_enrolled, status, {{shown}}, students, score_sum, last_seen
    FROM alike
    WHERE one_of_several IS NULL
    UNION ALL
    SELECT is_present, is_enrolled, status, {{shown}}, students, score_sum, last_seen
    FROM (
        SELECT DISTINCT ON (one_of_several)
               is_present, bool_or(is_enrolled) OVER (PARTITION BY one_of_several) AS is_enrolled, status, {{shown}},
               students, score_sum, last_seen
        FROM alike
        WHERE one_of_several IS NOT NULL
        ORDER BY one_of_several, is_present DESC, alike.is_enrolled DESC, in_class
    ) several
)
