-- What stands on a student's progress in a course: computed once, by the job on TimescaleDB.
CREATE OR REPLACE VIEW student_courses AS
SELECT student_id, course_id, last_activity_at, finished_items, items, completed_at, completion FROM course_progress;

-- How much of a course the slowest fifth of a class has finished, those who never came included.
CREATE OR REPLACE VIEW class_progress_live AS
SELECT e.course_id, e.class_id, count(*) AS students,
       percentile_cont(0.2) WITHIN GROUP (ORDER BY coalesce(c.completion, 0)) AS p20, classpulse_now() AS as_of
FROM enrolled_students e
LEFT JOIN student_courses c ON c.student_id = e.student_id AND c.course_id = e.course_id
WHERE e.course_id <> '*' AND e.class_id IS NOT NULL
GROUP BY e.course_id, e.class_id;

-- How far those came who have been away for over 14 days and did not finish: the last item by position.
CREATE OR REPLACE VIEW course_exits_live AS
SELECT course_id, item_id, count(*) AS students, classpulse_now() AS as_of
FROM (
    SELECT DISTINCT ON (t.student_id, t.course_id) t.student_id, t.course_id, t.item_id
    FROM course_touches t
    JOIN content_items i ON i.course_id = t.course_id AND i.item_id = t.item_id
    JOIN student_courses g ON g.student_id = t.student_id AND g.course_id = t.course_id
    WHERE g.last_activity_at < (SELECT classpulse_now() - interval '14 days') AND coalesce(g.completion, 0) < 1
    ORDER BY t.student_id, t.course_id, i.position DESC NULLS LAST, t.item_id DESC
) e
GROUP BY course_id, item_id;
