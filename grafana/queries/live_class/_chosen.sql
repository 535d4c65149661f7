chosen AS (
    SELECT DISTINCT ON (student_id)
           student_id,
           coalesce(display_name, student_id) AS name,
           class_id,
           is_present,
           bool_or(is_enrolled) OVER (PARTITION BY student_id) AS is_enrolled,
           CASE WHEN is_present THEN status WHEN is_enrolled THEN 'absent' ELSE 'offline' END AS status,
           last_active_at,
           current_activity,
           engagement_score,
           subject_id,
           course_id,
           chapter_id,
           device,
           browser
    FROM class_students
    WHERE {{in_choice}}
    ORDER BY student_id, is_present DESC, is_enrolled DESC, class_id
)
