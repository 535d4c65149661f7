SELECT count(*) AS amount,
       CASE WHEN count(*) = 0 THEN 'no such student is known. Choose one at the top.'
            ELSE max(coalesce(display_name, student_id)) || coalesce(', ' || string_agg(DISTINCT coalesce(title, class_id), ' and '), '')
                 || CASE
                        WHEN max(last_active_at) IS NULL THEN '. Has not been seen yet.'
                        WHEN bool_or(is_present) THEN '. Is here now: ' || max(status) || '.'
                        WHEN max(quiet_s) < 7200 THEN '. Last seen ' || round(max(quiet_s) / 60) || ' minutes ago.'
                        WHEN max(quiet_s) < 172800 THEN '. Last seen ' || round(max(quiet_s) / 3600) || ' hours ago.'
                        ELSE '. Last seen ' || round(max(quiet_s) / 86400) || ' days ago.'
                    END
       END AS sentence
FROM class_students
LEFT JOIN class_list USING (class_id)
CROSS JOIN LATERAL (SELECT extract(epoch FROM classpulse_now() - last_active_at) AS quiet_s) q
WHERE student_id IN (${student:sqlstring})
