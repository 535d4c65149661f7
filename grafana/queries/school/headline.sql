WITH e AS (
    SELECT coalesce(sum(enrolments), 0)::bigint AS enrolments, coalesce(sum(completions), 0)::bigint AS completions,
           coalesce(sum(unenrolments), 0)::bigint AS leavings, coalesce(sum(revenue), 0) AS revenue
    FROM enrolment_revenue
    WHERE {{in_time}} AND {{in_course}}
),
u AS (
    SELECT active_users, active_users_7d, active_users_30d
    FROM clickstream_analytics
    WHERE date <= local_day($__timeTo())
    ORDER BY date DESC
    LIMIT 1
)
SELECT e.enrolments        AS "Enrolments",
       e.completions       AS "Completions",
       e.leavings          AS "Left",
       e.revenue           AS "Revenue",
       u.active_users      AS "Active that day",
       u.active_users_7d   AS "Active in 7 days",
       u.active_users_30d  AS "Active in 30 days"
FROM e
LEFT JOIN u ON true
