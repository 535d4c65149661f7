-- Students first, then classes: a student of six courses counts once.
WITH people AS (
    SELECT class_id,
           max(score)                         AS score,
           bool_or(never_started)             AS never_started,
           bool_or(away)                      AS away,
           bool_or(behind)                    AS behind,
           bool_or(failing)                   AS failing,
           bool_or(overdue_items > 0)         AS overdue
    FROM student_risk
    WHERE class_id IS NOT NULL
      AND ('__all' IN (${class:sqlstring}) OR class_id IN (${class:sqlstring}))
      AND ('__all' IN (${course:sqlstring}) OR course_id IN (${course:sqlstring}))
    GROUP BY class_id, student_id
),
counted AS (
    SELECT class_id,
           count(*) FILTER (WHERE score >= {{risk_enters}}) AS at_risk,
           count(*) FILTER (WHERE never_started)            AS never_started,
           count(*) FILTER (WHERE away)                     AS away,
           count(*) FILTER (WHERE behind)                   AS behind,
           count(*) FILTER (WHERE failing)                  AS failing,
           count(*) FILTER (WHERE overdue)                  AS overdue
    FROM people
    GROUP BY class_id
)
SELECT coalesce(title, class_id)  AS "Class",
       at_risk                    AS "At risk",
       never_started              AS "Never started",
       away                       AS "Away a week",
       behind                     AS "Far behind",
       failing                    AS "Failed twice",
       overdue                    AS "Missed a date"
FROM counted
LEFT JOIN class_list USING (class_id)
WHERE '__all' IN (${grade:sqlstring}) OR grade IN (${grade:sqlstring})
ORDER BY 2 DESC, 1
