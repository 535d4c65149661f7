-- Where names are joined: teachers' views only.
CREATE OR REPLACE VIEW student_names WITH (security_barrier) AS
SELECT student_id, display_name FROM directory;
COMMENT ON VIEW student_names IS 'A row is a name.';

CREATE OR REPLACE VIEW latest_named_events WITH (security_barrier) AS
SELECT e.*, d.display_name
FROM latest_events e
LEFT JOIN directory d USING (student_id);
COMMENT ON VIEW latest_named_events IS 'A row is a student''s event of the last hour, with the name.';

-- Students by class: enrolled in it, or last seen in it; absent ones are rows too. Where no class is known it is null.
CREATE OR REPLACE VIEW class_students WITH (security_barrier) AS
SELECT p.class_id,
       p.student_id,
       d.display_name,
       p.status,
       p.is_present,
       p.is_enrolled,
       p.last_interaction_at                 AS last_active_at,
       p.last_event_name                     AS current_activity,
       p.engagement_score,
       coalesce(p.grade, k.grade)            AS grade,
       p.subject_id,
       p.course_id,
       p.chapter_id,
       p.device,
       p.browser,
       coalesce(o.course_ids, '{}')          AS course_ids,
       p.is_only,
       p.as_of
FROM people_now p
LEFT JOIN classes k ON k.class_id = p.class_id
LEFT JOIN directory d ON d.student_id = p.student_id
LEFT JOIN (
    SELECT student_id, array_agg(DISTINCT course_id ORDER BY course_id) AS course_ids
    FROM enrolled_students
    WHERE course_id <> '*'
    GROUP BY student_id
) o ON o.student_id = p.student_id;
COMMENT ON VIEW class_students IS 'A row is a student x class: enrolled, or last seen there; class_id is null where none is known.';
COMMENT ON COLUMN class_students.class_id IS 'Enrolled, or last seen there; null where none is known.';
COMMENT ON COLUMN class_students.status IS 'active, idle or offline.';
COMMENT ON COLUMN class_students.is_enrolled IS 'Enrolled in this class.';
COMMENT ON COLUMN class_students.engagement_score IS '0-1; null while offline.';
COMMENT ON COLUMN class_students.course_ids IS 'All courses in which the student is enrolled.';
COMMENT ON COLUMN class_students.is_only IS 'The student has no other row.';
