SELECT flow                       AS "Flow",
       to_char(day, 'YYYY-MM-DD') AS "Day",
       events                     AS "Late events",
       settled_at                 AS "Not before",
       came_at                    AS "First came"
FROM late_waiting
ORDER BY day DESC, flow
LIMIT {{lines_shown}}
