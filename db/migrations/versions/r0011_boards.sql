-- Every view leaves staff out: finding them must not read the whole roster.
CREATE INDEX enrolments_staff ON enrolments (student_id) WHERE role <> 'student';
-- The days of a class's students; the key begins with the day.
CREATE INDEX student_days_student ON student_days (student_id, day);
