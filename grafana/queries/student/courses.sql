-- The class: whoever is enrolled in a class of this student, the student too. As an array they reach the tables' indexes.
WITH peers AS (
    SELECT DISTINCT student_id
    FROM class_students
    WHERE class_id = ANY (ARRAY(SELECT class_id FROM class_students WHERE student_id IN (${student:sqlstring})))
      AND (is_enrolled OR student_id IN (${student:sqlstring}))
),
progress AS (
    SELECT course_id,
           max(completion_pct) FILTER (WHERE student_id IN (${student:sqlstring}))      AS own,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY completion_pct)                  AS class,
           max(last_activity_at) FILTER (WHERE student_id IN (${student:sqlstring}))    AS last_activity_at
    FROM student_course_completion
    WHERE student_id = ANY (ARRAY(SELECT student_id FROM peers))
    GROUP BY course_id
    HAVING bool_or(student_id IN (${student:sqlstring}))
),
scores AS (
    SELECT course AS course_id,
           avg(score) FILTER (WHERE user_id IN (${student:sqlstring})) AS own,
           avg(score)                                                  AS class
    FROM student_attempts
    WHERE user_id = ANY (ARRAY(SELECT student_id FROM peers))
    GROUP BY course
),
times AS (
    SELECT course_id,
           sum(total_time_spent) FILTER (WHERE student_id IN (${student:sqlstring})) AS own,
           sum(total_time_spent) / count(DISTINCT student_id)                        AS class
    FROM chapter_engagement_summary
    WHERE student_id = ANY (ARRAY(SELECT student_id FROM peers))
    GROUP BY course_id
)
SELECT coalesce(title, course_id)                   AS "Course",
       p.own                                        AS "Finished",
       p.class                                      AS "Class median",
       round(s.own::numeric, 1)::double precision   AS "Score",
       round(s.class::numeric, 1)::double precision AS "Class score",
       coalesce(t.own, 0)                           AS "Time",
       t.class                                      AS "Class time",
       p.last_activity_at                           AS "Last activity"
FROM progress p
LEFT JOIN scores s USING (course_id)
LEFT JOIN times t USING (course_id)
LEFT JOIN course_titles USING (course_id)
ORDER BY course_id
