WITH {{chosen}},
counted AS (
    SELECT count(*) FILTER (WHERE is_present AND status = 'active')           AS active,
           count(*) FILTER (WHERE is_present AND status = 'idle')             AS idle,
           count(*) FILTER (WHERE is_present)                                 AS present,
           count(*) FILTER (WHERE is_enrolled AND NOT is_present)             AS absent,
           count(*) FILTER (WHERE is_enrolled)                                AS enrolled,
           sum(round(engagement_score * 10000)::bigint) FILTER (WHERE is_present) AS score_sum
    FROM chosen
)
SELECT active                                          AS "Active now",
       idle                                            AS "Idle",
       present                                         AS "Present",
       absent                                          AS "Absent",
       enrolled                                        AS "Enrolled",
       round(idle::numeric / nullif(present, 0), 4)    AS "Idle share",
       round(score_sum / (nullif(present, 0) * 100), 1) AS "Engagement"
FROM counted
