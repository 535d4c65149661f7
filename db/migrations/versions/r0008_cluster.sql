-- Members of each flow's cluster, and the formation that they shall run in; a few rows, rewritten twice a second.
CREATE TABLE cluster_members (
    flow        text        NOT NULL,
    member      bigint      NOT NULL,
    incarnation text        NOT NULL,
    address     text        NOT NULL,
    version     text        NOT NULL,
    state       text        NOT NULL,
    formation   bigint      NOT NULL DEFAULT 0,
    seen_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (flow, member)
) WITH (fillfactor = 20);

CREATE TABLE cluster_formations (
    flow    text        NOT NULL PRIMARY KEY,
    number  bigint      NOT NULL,
    seats   jsonb       NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE cluster_members IS 'Worker processes of a flow that were started as members: who is there, and what each one does.';
COMMENT ON TABLE cluster_formations IS 'The members that shall run together; the number grows with every change.';

-- What a rebuild leaves for a task, so that a worker without its recovery store goes on from there.
CREATE TABLE task_seeds (
    flow    text        NOT NULL,
    task    bigint      NOT NULL,
    seed    bytea       NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (flow, task)
);
COMMENT ON TABLE task_seeds IS 'State of a task as a rebuild left it; used by a worker that has no snapshot.';
