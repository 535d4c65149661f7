SELECT session_start       AS "Began",
       duration_seconds    AS "Lasted",
       pages               AS "Pages",
       events              AS "Actions",
       CASE WHEN is_open THEN 'open' WHEN is_bounce THEN 'one page' ELSE 'over' END AS "State",
       initcap(device_type) AS "Device"
FROM sessions
WHERE student_id IN (${student:sqlstring}) AND $__timeFilter(session_start)
ORDER BY session_start DESC
LIMIT {{students_shown}}
