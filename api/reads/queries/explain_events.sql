WITH latest AS MATERIALIZED (
    SELECT event_time, event_id, student_id, class_id, course_id, chapter_id, event_type, event_name, device_type
    FROM latest_events
    WHERE event_time > %(since)s AND event_time <= %(until)s
      AND {{allowed}}
      AND CASE %(scope)s
              WHEN 'class' THEN class_id = %(scope_id)s
              WHEN 'student' THEN student_id = %(scope_id)s
              WHEN 'grade' THEN grade = %(scope_id)s
              WHEN 'subject' THEN subject_id = %(scope_id)s
              WHEN 'course' THEN course_id = %(scope_id)s
              WHEN 'chapter' THEN chapter_id = %(scope_id)s
              WHEN 'class_chapter' THEN replace(class_id, '/', '%%2F') || '/' || replace(chapter_id, '/', '%%2F') = %(scope_id)s
              ELSE true
          END
    ORDER BY event_time DESC, event_id DESC
    LIMIT %(limit)s
)
-- Names are looked up for those alone who are listed.
SELECT event_time, event_id, student_id,
       (SELECT display_name FROM student_names n WHERE n.student_id = latest.student_id) AS display_name,
       class_id, course_id, chapter_id, event_type, event_name, device_type
FROM latest
ORDER BY event_time DESC, event_id DESC
