-- Addresses live apart from everything else, as names do: no reader and no worker may see them.
CREATE TABLE student_addresses (
    student_id text NOT NULL PRIMARY KEY,
    email      text
);

CREATE TABLE reminder_opt_outs (
    student_id   text        NOT NULL PRIMARY KEY,
    opted_out_at timestamptz NOT NULL DEFAULT now()
);

-- A row is claimed before its message is sent, so that nobody is told twice; one that was surely not sent is given back.
CREATE TABLE reminders (
    student_id text        NOT NULL,
    day        date        NOT NULL,
    items      bigint      NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT now(),
    sent_at    timestamptz,
    failure    text,
    PRIMARY KEY (student_id, day)
);
CREATE INDEX reminders_day ON reminders (day);

COMMENT ON TABLE student_addresses IS 'Where students are reminded; read by classpulse_messenger alone, through due_reminders.';
COMMENT ON TABLE reminder_opt_outs IS 'Students who want no reminders; stays when rosters are loaded again.';
COMMENT ON TABLE reminders IS 'One row a student and local day, kept 90 days. sent_at null and no failure: a run ended between claim and answer.';
