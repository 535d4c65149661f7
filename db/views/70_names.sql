-- Where names are joined: teachers' views only.
CREATE OR REPLACE VIEW student_names WITH (security_barrier) AS
SELECT student_id, display_name FROM directory;

CREATE OR REPLACE VIEW latest_named_events WITH (security_barrier) AS
SELECT e.*, d.display_name
FROM latest_events e
LEFT JOIN directory d USING (student_id);

-- Students by class: enrolled in it, or last seen in it; absent ones are rows too. Where no class is known it is null.
CREATE OR REPLACE VIEW class_students WITH (security_barrier) AS
WITH members AS (
         SELECT class_id, student_id, bool_or(is_enrolled) AS is_enrolled
         FROM (
             SELECT class_id, student_id, true AS is_enrolled FROM enrolled_students
             UNION ALL SELECT class_id, student_id, false FROM known_students
         ) m
         GROUP BY class_id, student_id
     ),
     courses AS (
         SELECT student_id, array_agg(DISTINCT course_id ORDER BY course_id) AS course_ids
         FROM enrolled_students
         WHERE course_id <> '*'
         GROUP BY student_id
     )
-- Members first, what is so now of them last: of a class it is computed for that class only.
SELECT m.class_id,
       m.student_id,
       d.display_name,
       coalesce(n.status, 'offline')                            AS status,
       coalesce(is_present(n.status, n.seen_at, t.began) AND t.class_id IS NOT DISTINCT FROM m.class_id, false) AS is_present,
       m.is_enrolled,
       t.last_interaction_at                                    AS last_active_at,
       t.last_event_name                                        AS current_activity,
       CASE WHEN n.status <> 'offline'
            THEN engagement_score(t.last_interaction_at, t.weights, t.weights_end, t.session_minutes, t.day_bits, t.last_day,
                                  c.as_of, c.day, c.skippable)
       END                                                      AS engagement_score,
       coalesce(t.known_grade, k.grade)                      AS grade,
       t.subject_id,
       t.course_id,
       t.chapter_id,
       t.device,
       t.browser,
       coalesce(o.course_ids, '{}')                             AS course_ids,
       c.as_of
FROM (SELECT classpulse_now() AS as_of, s.day, s.skippable FROM streak_calendar s OFFSET 0) c
CROSS JOIN members m
LEFT JOIN (
    SELECT s.*, coalesce(s.grade, k.grade) AS known_grade, k.idle_after_s, p.began
    FROM known_students s
    LEFT JOIN classes k ON k.class_id = s.class_id
    LEFT JOIN running_periods p ON p.class_id = s.class_id
) t ON t.student_id = m.student_id
LEFT JOIN courses o ON o.student_id = m.student_id
LEFT JOIN classes k ON k.class_id = m.class_id
LEFT JOIN directory d ON d.student_id = m.student_id
CROSS JOIN LATERAL (
    SELECT CASE WHEN t.student_id IS NOT NULL
                THEN student_status(t.last_interaction_at, t.idle_at, t.session_end_at, t.playing_until,
                                    coalesce(t.idle_after_s * interval '1 second', classpulse_idle_after()), c.as_of)
           END AS status,
           seen_until(t.last_event_at, t.playing_until, c.as_of) AS seen_at
    OFFSET 0
) n;
