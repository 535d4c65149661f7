WITH {{chosen}}
SELECT coalesce(display_name, student_id)                                                                    AS "Student",
       status                                                                      AS "Status",
       coalesce(title, class_id)                                                   AS "Class",
       CASE WHEN is_present THEN initcap(replace(current_activity, '_', ' ')) END  AS "Last did",
       CASE WHEN is_present THEN chapter_id END                                    AS "Chapter",
       CASE WHEN last_active_at < classpulse_now() THEN extract(epoch FROM classpulse_now() - last_active_at)::bigint
            WHEN last_active_at IS NOT NULL THEN 0 END                             AS "Ago",
       CASE WHEN is_present THEN round((engagement_score * 100)::numeric, 0) END   AS "Engagement",
       student_id,
       class_id
FROM chosen
LEFT JOIN class_list USING (class_id)
LEFT JOIN student_names USING (student_id)
WHERE is_present OR is_enrolled
ORDER BY CASE status WHEN 'idle' THEN 0 WHEN 'active' THEN 1 ELSE 2 END,
         CASE WHEN status = 'idle' THEN last_active_at END,
         CASE WHEN status = 'active' THEN engagement_score END,
         1,
         student_id
LIMIT {{students_shown}}
