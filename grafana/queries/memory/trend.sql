-- A curve is due from its review's interval on and long overdue from twice that on, until the next review. Each is a step up and
-- a step down on its day; their running sums are the state at the end of each day. After today: if nobody revises. Of all students
-- the steps are kept (curve_changes).
WITH {{people}},
reviews AS (
    SELECT reviewed_at, interval_days, user_id, module,
           lead(reviewed_at, 1, 'infinity') OVER (PARTITION BY user_id, module ORDER BY reviewed_at, event_id) AS next_at,
           row_number() OVER (PARTITION BY user_id, module ORDER BY reviewed_at, event_id)                     AS number
    FROM memory_history
    JOIN people ON student_id = user_id
    WHERE counted AND {{in_module}}
      AND {{of_people}}
      AND NOT {{everybody}}
),
steps AS (
    SELECT s.day, s.curves, s.due, s.high
    FROM (
        SELECT *, reviewed_at + interval_days * interval '1 day' AS due_at, reviewed_at + interval_days * interval '2 days' AS high_at
        FROM reviews
    ) r
    CROSS JOIN LATERAL (
        VALUES (CASE WHEN number = 1 THEN local_day(reviewed_at) END, 1, 0, 0),
               (CASE WHEN due_at < next_at THEN local_day(due_at) END, 0, 1, 0),
               (CASE WHEN due_at < next_at AND next_at < 'infinity' THEN local_day(next_at) END, 0, -1, 0),
               (CASE WHEN high_at < next_at THEN local_day(high_at) END, 0, 0, 1),
               (CASE WHEN high_at < next_at AND next_at < 'infinity' THEN local_day(next_at) END, 0, 0, -1)
    ) AS s (day, curves, due, high)
    WHERE s.day IS NOT NULL
    UNION ALL
    SELECT day, curves, due, high FROM curve_changes WHERE {{everybody}} AND {{in_module}}
),
days AS (
    SELECT day, sum(sum(curves)) OVER up_to AS curves, sum(sum(due)) OVER up_to AS due, sum(sum(high)) OVER up_to AS high
    FROM (
        SELECT day, curves, due, high FROM steps
        UNION ALL
        SELECT d::date, 0, 0, 0
        FROM generate_series(local_day($__timeFrom())::timestamp, local_day($__timeTo())::timestamp, interval '1 day') d
    ) u
    GROUP BY day
    WINDOW up_to AS (ORDER BY day)
),
shares AS (
    SELECT day,
           day::timestamp AT TIME ZONE classpulse_timezone()                    AS at,
           round(due / nullif(curves, 0), 4)::double precision                  AS due,
           round(high / nullif(curves, 0), 4)::double precision                 AS high,
           local_day((SELECT classpulse_now()))                                 AS today
    FROM days
)
SELECT at                                    AS "time",
       CASE WHEN day <= today THEN due END   AS "Due for revision",
       CASE WHEN day <= today THEN high END  AS "Long overdue",
       CASE WHEN day >= today THEN due END   AS "Due, if nobody revises",
       CASE WHEN day >= today THEN high END  AS "Long overdue, if nobody revises"
FROM shares
WHERE day BETWEEN local_day($__timeFrom()) AND local_day($__timeTo())
ORDER BY 1
