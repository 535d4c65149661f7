-- Whole weeks as the job keeps them, the days around them one by one.
WITH span AS (
    SELECT first, last, first_week, greatest(first_week, date_trunc('week', (last + 1)::timestamp)::date) AS weeks_end
    FROM (
        SELECT local_day($__timeFrom()) AS first, local_day($__timeTo()) AS last,
               date_trunc('week', (local_day($__timeFrom()) + 6)::timestamp)::date AS first_week
    ) s
),
viewed AS (
    SELECT page_url, views FROM top_pages_by_week
    WHERE week >= (SELECT first_week FROM span) AND week < (SELECT weeks_end FROM span)
    UNION ALL
    SELECT page_url, views FROM top_pages
    WHERE day >= (SELECT first FROM span) AND day < (SELECT least(first_week, last + 1) FROM span)
    UNION ALL
    SELECT page_url, views FROM top_pages
    WHERE day >= (SELECT weeks_end FROM span) AND day <= (SELECT last FROM span)
)
SELECT page_url           AS "Page",
       sum(views)::bigint AS "Views"
FROM viewed
GROUP BY page_url
ORDER BY 2 DESC, 1
LIMIT {{lines_shown}}
