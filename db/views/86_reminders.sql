-- Who would be reminded of what as of now, the most urgent first; for classpulse_messenger alone.
CREATE OR REPLACE VIEW due_reminders WITH (security_barrier) AS
SELECT a.student_id,
       a.email,
       s.module_id,
       coalesce(t.title, s.module_id) AS title,
       s.urgency_level,
       s.scheduled_at,
       row_number() OVER (PARTITION BY a.student_id ORDER BY s.urgency_level = 'high' DESC, s.scheduled_at, s.module_id) AS place,
       count(*) OVER (PARTITION BY a.student_id) AS due
FROM (SELECT classpulse_now() AS now OFFSET 0) c
CROSS JOIN student_addresses a
JOIN revision_signals s ON s.user_id = a.student_id
                       AND s.scheduled_at <= c.now
                       AND (s.reviewed_at IS NULL OR s.reviewed_at > c.now)
LEFT JOIN LATERAL (SELECT min(i.title) AS title FROM content_items i WHERE i.item_id = s.module_id) t ON true
WHERE a.email IS NOT NULL
  AND EXISTS (SELECT FROM enrolled_students e WHERE e.student_id = a.student_id)
  AND NOT EXISTS (SELECT FROM reminder_opt_outs o WHERE o.student_id = a.student_id);

-- What day and time it is where the school is, and whether a term goes on; without terms one always does.
CREATE OR REPLACE VIEW reminder_day WITH (security_barrier) AS
SELECT l.now::date AS day,
       l.now::time AS at,
       NOT EXISTS (SELECT FROM terms) OR EXISTS (SELECT FROM terms t WHERE l.now::date BETWEEN t.starts AND t.ends) AS in_term
FROM (SELECT classpulse_now() AT TIME ZONE classpulse_timezone() AS now OFFSET 0) l;
