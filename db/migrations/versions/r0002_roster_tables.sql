-- What people maintain: who should be there, when, and what they are called. Only enrolments is also written by a flow.

CREATE TABLE classes (
    class_id     text NOT NULL PRIMARY KEY,
    title        text,
    grade        text,
    idle_after_s bigint CHECK (idle_after_s > 0)
);

CREATE TABLE class_staff (
    class_id text NOT NULL,
    staff_id text NOT NULL,
    channel  text,
    address  text,
    PRIMARY KEY (class_id, staff_id)
);

CREATE TABLE terms (
    term_id text NOT NULL PRIMARY KEY,
    starts  date NOT NULL,
    ends    date NOT NULL CHECK (ends >= starts)
);

CREATE TABLE periods (
    class_id   text   NOT NULL,
    weekday    bigint NOT NULL CHECK (weekday BETWEEN 1 AND 7),
    starts     time   NOT NULL,
    ends       time   NOT NULL CHECK (ends > starts),
    subject_id text,
    PRIMARY KEY (class_id, weekday, starts)
);

CREATE TABLE enrolments (
    student_id  text NOT NULL,
    course_id   text NOT NULL,
    class_id    text,
    enrolled_at timestamptz,
    left_at     timestamptz,
    role        text NOT NULL DEFAULT 'student',
    class_at    timestamptz,
    PRIMARY KEY (student_id, course_id)
);
CREATE INDEX enrolments_class ON enrolments (class_id, student_id);

CREATE TABLE directory (
    student_id   text NOT NULL PRIMARY KEY,
    display_name text NOT NULL
);

CREATE TABLE content_items (
    course_id        text   NOT NULL,
    item_id          text   NOT NULL,
    parent_id        text,
    kind             text   NOT NULL,
    title            text,
    position         bigint,
    expected_seconds bigint CHECK (expected_seconds > 0),
    available_from   timestamptz,
    due_at           timestamptz,
    pass_mark        double precision CHECK (pass_mark BETWEEN 0 AND 100),
    PRIMARY KEY (course_id, item_id)
);

COMMENT ON TABLE classes IS 'Classes of the roster; idle_after_s overrides the deployment''s threshold.';
COMMENT ON TABLE class_staff IS 'Who teaches a class and where alerts about it go.';
COMMENT ON TABLE terms IS 'School terms, both days included.';
COMMENT ON TABLE periods IS 'Timetable in local time; weekday 1 = Monday ... 7 = Sunday.';
COMMENT ON TABLE enrolments IS
    'Latest enrolment and latest leaving by event time; enrolled = not left since. class_at is the time of the fact that class_id is from.';
COMMENT ON TABLE directory IS 'Display names, apart from everything else; joined in teachers'' views only.';
COMMENT ON TABLE content_items IS 'Courses'' items with expected times, due dates and pass marks.';
