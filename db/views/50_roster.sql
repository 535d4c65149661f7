-- Who should be there as of now, what lesson runs, and which days a streak may skip. Building blocks: no reader is granted them.

-- Enrolments of students as of now. since: the one that holds, the first or that after leaving; null where nobody said when.
CREATE OR REPLACE VIEW student_enrolments AS
SELECT e.student_id, e.course_id, e.class_id, e.enrolled_at, e.class_at,
       CASE WHEN e.left_at >= e.enrolled_at AND e.left_at < e.returned_at THEN e.returned_at ELSE e.enrolled_at END AS since,
       e.enrolled_at IS NULL OR e.enrolled_at <= (SELECT classpulse_now()) AS has_come,
       coalesce(e.left_at <= (SELECT classpulse_now()), false)
           AND NOT coalesce(e.enrolled_at > e.left_at, false)
           AND NOT coalesce(e.returned_at > e.left_at AND e.returned_at <= (SELECT classpulse_now()), false) AS has_left
FROM enrolments e
WHERE e.role = 'student'
  AND NOT EXISTS (SELECT FROM class_staff f WHERE f.staff_id = e.student_id AND f.class_id = e.class_id);

-- Every class of an enrolment.
CREATE OR REPLACE VIEW enrolment_places AS
SELECT student_id, course_id, class_id FROM enrolments
UNION ALL
SELECT x.student_id, x.course_id, x.class_id
FROM enrolment_classes x
JOIN enrolments e ON e.student_id = x.student_id AND e.course_id = x.course_id
WHERE x.class_id IS DISTINCT FROM e.class_id;

CREATE OR REPLACE VIEW enrolled_students AS
SELECT student_id, course_id, class_id FROM student_enrolments WHERE has_come AND NOT has_left
UNION ALL
SELECT e.student_id, e.course_id, x.class_id
FROM student_enrolments e
JOIN enrolment_classes x ON x.student_id = e.student_id AND x.course_id = e.course_id
WHERE e.has_come AND NOT e.has_left
  AND x.class_id IS DISTINCT FROM e.class_id
  AND NOT EXISTS (SELECT FROM class_staff f WHERE f.staff_id = x.student_id AND f.class_id = x.class_id);

CREATE OR REPLACE VIEW enrolled_courses WITH (security_barrier) AS
SELECT student_id, course_id, class_id FROM enrolled_students WHERE course_id <> '*';
COMMENT ON VIEW enrolled_courses IS 'A row is a student x course in which they are enrolled x class of it (null = none).';

-- The same as spans of time by class, whatever the course: what the table memberships keeps, so that no view goes through the courses.
CREATE OR REPLACE VIEW membership_spans AS
SELECT student_id, class_id, lower(enrolled) AS since, upper(enrolled) AS until,
       nullif(multirange(range_merge(enrolled)) - enrolled, '{}') AS away,
       count(*) OVER (PARTITION BY student_id) = 1 AS is_only
FROM (
    SELECT e.student_id, p.class_id, range_agg(s.enrolled) AS enrolled
    FROM enrolments e
    JOIN enrolment_places p ON p.student_id = e.student_id AND p.course_id = e.course_id
    CROSS JOIN LATERAL ( -- until the leaving, and again from the coming back
        SELECT tstzrange(coalesce(e.enrolled_at, '-infinity'),
                         CASE WHEN e.enrolled_at IS NULL OR e.left_at >= e.enrolled_at THEN coalesce(e.left_at, 'infinity') ELSE 'infinity' END)
        UNION ALL SELECT tstzrange(e.returned_at, 'infinity') WHERE e.returned_at > e.left_at
    ) s (enrolled)
    WHERE e.role = 'student'
      AND NOT EXISTS (SELECT FROM class_staff f WHERE f.staff_id = e.student_id AND f.class_id = p.class_id)
    GROUP BY e.student_id, p.class_id
) e
WHERE NOT isempty(enrolled);
SELECT settle_memberships(NULL); -- here, since what a membership is may have changed

-- Written so that the planner expects most members to be in: it takes the clock for any instant, and would else expect a ninth of them.
CREATE OR REPLACE VIEW class_enrolled AS
SELECT m.class_id, m.student_id, m.is_only
FROM memberships m
WHERE (m.since > (SELECT classpulse_now())) IS NOT TRUE AND (m.until = 'infinity' OR m.until > (SELECT classpulse_now()))
  AND (m.away IS NULL OR NOT m.away @> (SELECT classpulse_now()));

-- People whom the roster knows, but not as students: counted nowhere, whatever role their events claim.
CREATE OR REPLACE VIEW known_staff AS
SELECT staff_id FROM (
    SELECT staff_id FROM class_staff
    UNION SELECT student_id FROM enrolments WHERE role <> 'student'
) s
WHERE NOT EXISTS (SELECT FROM enrolments e WHERE e.student_id = s.staff_id AND e.role = 'student');

CREATE OR REPLACE VIEW running_periods AS
SELECT p.class_id,
       max((l.now::date + p.starts) AT TIME ZONE classpulse_timezone()) AS began
FROM (SELECT classpulse_now() AT TIME ZONE classpulse_timezone() AS now OFFSET 0) l
JOIN periods p ON p.weekday = extract(isodow FROM l.now)::bigint AND p.starts <= l.now::time AND l.now::time < p.ends
WHERE NOT EXISTS (SELECT FROM terms)
   OR EXISTS (SELECT FROM terms t WHERE l.now::date BETWEEN t.starts AND t.ends)
GROUP BY p.class_id;

-- A study day is a day inside a term whose weekday has a period (Monday to Friday where no timetable is known).
-- Without terms only Saturdays and Sundays may be skipped.
CREATE OR REPLACE VIEW streak_calendar AS
SELECT d.day,
       CASE WHEN NOT EXISTS (SELECT FROM terms) THEN weekends_before(d.day)
            ELSE (SELECT coalesce(sum(1::bigint << i), 0)::bigint
                  FROM generate_series(0, 31) i
                  WHERE NOT (EXISTS (SELECT FROM terms t WHERE d.day - i BETWEEN t.starts AND t.ends)
                             -- bit n: the n-th day of the week has a period
                             AND coalesce((SELECT bit_or(1::bigint << n) FROM generate_series(1, 7) n
                                           WHERE EXISTS (SELECT FROM periods WHERE weekday = n)), 62)
                                 >> extract(isodow FROM d.day - i)::integer & 1 = 1))
       END AS skippable
FROM (SELECT local_day(classpulse_now() - interval '1 millisecond') AS day OFFSET 0) d;

CREATE OR REPLACE VIEW class_list WITH (security_barrier) AS
-- from one class to the next through the indexes: a class has many enrolments, and many students who were seen
WITH RECURSIVE enrolled (class_id) AS (
    SELECT min(class_id) FROM enrolments
    UNION ALL
    SELECT (SELECT min(e.class_id) FROM enrolments e WHERE e.class_id > p.class_id) FROM enrolled p WHERE p.class_id IS NOT NULL
),
seen (class_id) AS (
    SELECT min(class_id) FROM student_state
    UNION ALL
    SELECT (SELECT min(t.class_id) FROM student_state t WHERE t.class_id > p.class_id) FROM seen p WHERE p.class_id IS NOT NULL
)
SELECT i.class_id, c.title,
       coalesce(c.grade, (SELECT max(t.grade) FROM student_state t WHERE t.class_id = i.class_id)) AS grade
FROM (SELECT class_id FROM classes UNION SELECT class_id FROM enrolled UNION SELECT class_id FROM seen) i
LEFT JOIN classes c USING (class_id)
WHERE i.class_id IS NOT NULL;
COMMENT ON VIEW class_list IS 'A row is a class of the roster, or seen.';

CREATE OR REPLACE VIEW grade_list WITH (security_barrier) AS
SELECT grade FROM classes WHERE grade IS NOT NULL
UNION SELECT grade FROM student_state WHERE grade IS NOT NULL;
COMMENT ON VIEW grade_list IS 'A row is a grade of the roster, or seen.';

-- An item of kind `course` under its course's own id gives the course its title; it is no part of what is to be finished.
CREATE OR REPLACE FUNCTION is_course_itself(course_id text, item_id text, kind text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN item_id = course_id AND lower(kind) = 'course';

CREATE OR REPLACE VIEW course_list WITH (security_barrier) AS
SELECT course_id FROM enrolments WHERE course_id <> '*'
UNION SELECT course_id FROM student_state WHERE course_id IS NOT NULL;
COMMENT ON VIEW course_list IS 'A row is a course with enrolments, or seen.';

CREATE OR REPLACE VIEW course_titles WITH (security_barrier) AS
SELECT course_id, title FROM content_items WHERE is_course_itself(course_id, item_id, kind) AND title IS NOT NULL;
COMMENT ON VIEW course_titles IS 'A row is a course that has a title: that of an item of kind `course` under the course''s own id.';
