-- Who belongs to which class and course, which module follows which, what passes. Building blocks: no reader is granted them.

-- The roster's students; and those whom it puts into no class (no course), by the class (course) that they were last seen in.
CREATE OR REPLACE VIEW student_cohorts AS
SELECT DISTINCT p.cohort, p.cohort_id, e.student_id, true AS is_enrolled
FROM enrolled_students e
CROSS JOIN LATERAL (VALUES ('class', e.class_id), ('course', nullif(e.course_id, '*'))) AS p (cohort, cohort_id)
WHERE p.cohort_id IS NOT NULL
UNION ALL
SELECT p.cohort, p.cohort_id, t.student_id, false
FROM student_state t
CROSS JOIN LATERAL (VALUES ('class', t.class_id), ('course', t.course_id)) AS p (cohort, cohort_id)
WHERE p.cohort_id IS NOT NULL
  AND coalesce(t.role, 'student') = 'student'
  AND NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = t.student_id)
  AND NOT EXISTS (SELECT FROM enrolled_students e
                  WHERE e.student_id = t.student_id
                    AND CASE p.cohort WHEN 'class' THEN e.class_id IS NOT NULL ELSE e.course_id <> '*' END);

CREATE OR REPLACE VIEW student_classes AS
SELECT student_id, array_agg(cohort_id ORDER BY cohort_id) AS class_ids FROM student_cohorts WHERE cohort = 'class' GROUP BY student_id;

-- The classes in which a fact of a student counts: the one that it names, where the student is in it, else all of the student's.
CREATE OR REPLACE FUNCTION fact_classes(named text, own text[]) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN own IS NULL OR named = ANY (own) THEN ARRAY[named] ELSE own END;

-- Modules of a course in the order of their positions, each with the one that follows.
CREATE OR REPLACE VIEW module_order AS
SELECT course_id,
       item_id                  AS module,
       title,
       position,
       lead(item_id) OVER path  AS next_module,
       lead(title) OVER path    AS next_title,
       lead(available_from) OVER path AS next_available_from
FROM content_items
WHERE lower(kind) = 'module'
WINDOW path AS (PARTITION BY course_id ORDER BY position NULLS LAST, item_id);

-- Module ids are unique in a deployment; where courses give one item several marks, the highest counts.
CREATE OR REPLACE VIEW module_pass_marks AS
SELECT item_id AS module, max(pass_mark) AS pass_mark
FROM content_items
WHERE pass_mark IS NOT NULL
GROUP BY item_id;
