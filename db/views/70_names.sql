-- Where names are joined: teachers' views only.

-- What an event is called where people read it; the one list of such words. A name that is not here is read as it is written.
CREATE OR REPLACE FUNCTION event_label(event_name text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE event_name
           WHEN 'page_view' THEN 'Opened a page'
           WHEN 'button_click' THEN 'Clicked'
           WHEN 'scroll' THEN 'Scrolled'
           WHEN 'search' THEN 'Searched'
           WHEN 'time_ping' THEN 'Viewing'
           WHEN 'heartbeat' THEN 'Viewing'
           WHEN 'chapter_view' THEN 'Read a chapter'
           WHEN 'idle' THEN 'Idle'
           WHEN 'active' THEN 'Active again'
           WHEN 'session_start' THEN 'Arrived'
           WHEN 'session_end' THEN 'Left'
           WHEN 'login' THEN 'Signed in'
           WHEN 'user_login' THEN 'Signed in'
           WHEN 'domain_selected' THEN 'Chose a subject'
           WHEN 'course_enroll' THEN 'Joined a course'
           WHEN 'course_unenroll' THEN 'Left a course'
           WHEN 'course_complete' THEN 'Finished a course'
           WHEN 'lesson_start' THEN 'Began a lesson'
           WHEN 'lesson_complete' THEN 'Finished a lesson'
           WHEN 'video_play' THEN 'Watching a video'
           WHEN 'video_pause' THEN 'Paused a video'
           WHEN 'video_seek' THEN 'Jumped in a video'
           WHEN 'video_stop' THEN 'Stopped a video'
           WHEN 'video_complete' THEN 'Finished a video'
           WHEN 'quiz_start' THEN 'Began a quiz'
           WHEN 'quiz_question_next' THEN 'Next question'
           WHEN 'quiz_answer' THEN 'Answered a question'
           WHEN 'quiz_submit' THEN 'Handed in a quiz'
           WHEN 'diagnostic_quiz_completed' THEN 'Finished a diagnostic quiz'
           WHEN 'module_quiz_completed' THEN 'Finished a quiz'
           WHEN 'module_started' THEN 'Began a module'
           WHEN 'module_completed' THEN 'Finished a module'
           WHEN 'assignment_start' THEN 'Began an assignment'
           WHEN 'assignment_submit' THEN 'Handed in an assignment'
           WHEN 'forum_post' THEN 'Wrote in the forum'
           ELSE upper(left(event_name, 1)) || replace(substr(event_name, 2), '_', ' ')
       END;
COMMENT ON FUNCTION event_label(text) IS 'What people read instead of an event''s name: `Viewing` for `time_ping`.';

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
