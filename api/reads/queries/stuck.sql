-- Whom to go to first in a class; the view keeps it to a few.
SELECT s.place, s.student_id, n.display_name, s.item_id, s.item_title, s.course_id, s.kind, s.since, s.began_at, s.chance, s.evidence,
       s.mates, s.mates_through, s.mates_minutes, s.waiting
FROM stuck_now s
LEFT JOIN student_names n USING (student_id)
WHERE s.class_id = %(class_id)s
ORDER BY s.place
