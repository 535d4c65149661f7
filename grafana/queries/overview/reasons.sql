WITH {{risks}}
SELECT class                                                            AS "Class",
       count(DISTINCT student_id) FILTER (WHERE score >= {{risk_enters}}) AS "At risk",
       count(DISTINCT student_id) FILTER (WHERE never_started)          AS "Never started",
       count(DISTINCT student_id) FILTER (WHERE away)                   AS "Away a week",
       count(DISTINCT student_id) FILTER (WHERE behind)                 AS "Far behind",
       count(DISTINCT student_id) FILTER (WHERE failing)                AS "Failed twice",
       count(DISTINCT student_id) FILTER (WHERE overdue_items > 0)      AS "Missed a date"
FROM risks
WHERE class IS NOT NULL
GROUP BY class
ORDER BY 2 DESC, 1
