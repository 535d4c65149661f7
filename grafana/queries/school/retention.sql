SELECT to_char(cohort_week, 'YYYY-MM-DD')   AS "Week of enrolment",
       week_number                          AS "Week",
       retention                            AS "Still active"
FROM cohort_retention
WHERE students >= {{students_least}}
ORDER BY cohort_week DESC, week_number
