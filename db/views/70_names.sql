-- Where names are joined: teachers' views only.
CREATE OR REPLACE VIEW student_names WITH (security_barrier) AS
SELECT student_id, display_name FROM directory;

CREATE OR REPLACE VIEW latest_named_events WITH (security_barrier) AS
SELECT e.*, d.display_name
FROM latest_events e
LEFT JOIN directory d USING (student_id);

-- Students by class: enrolled in it, or last seen in it; absent ones are rows too. Where no class is known it is null.
CREATE OR REPLACE VIEW class_students WITH (security_barrier) AS
WITH now AS MATERIALIZED (SELECT * FROM student_now),
     members AS (
         SELECT class_id, student_id, bool_or(is_enrolled) AS is_enrolled
         FROM (
             SELECT class_id, student_id, true AS is_enrolled FROM enrolled_students
             UNION ALL SELECT class_id, student_id, false FROM now
         ) m
         GROUP BY class_id, student_id
     ),
     courses AS (
         SELECT student_id, array_agg(DISTINCT course_id ORDER BY course_id) AS course_ids
         FROM enrolled_students
         WHERE course_id <> '*'
         GROUP BY student_id
     )
SELECT m.class_id,
       m.student_id,
       d.display_name,
       coalesce(n.status, 'offline')                            AS status,
       coalesce(n.is_present AND n.class_id IS NOT DISTINCT FROM m.class_id, false) AS is_present,
       m.is_enrolled,
       n.last_interaction_at                                    AS last_active_at,
       n.last_event_name                                        AS current_activity,
       n.engagement_score,
       coalesce(n.grade, k.grade)                               AS grade,
       n.subject_id,
       n.course_id,
       n.chapter_id,
       n.device,
       n.browser,
       coalesce(o.course_ids, '{}')                             AS course_ids,
       c.as_of
FROM (SELECT classpulse_now() AS as_of OFFSET 0) c
CROSS JOIN members m
LEFT JOIN now n USING (student_id)
LEFT JOIN courses o USING (student_id)
LEFT JOIN classes k ON k.class_id = m.class_id
LEFT JOIN directory d USING (student_id);
