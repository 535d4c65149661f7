numbers AS (
    SELECT course_id, sum(enrolments)::bigint AS enrolments, sum(completions)::bigint AS completions,
           sum(unenrolments)::bigint AS leavings, sum(revenue) AS revenue
    FROM enrolment_revenue
    WHERE {{in_time}} AND {{in_course}}
    GROUP BY course_id
)
