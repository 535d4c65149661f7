-- What a worker must find again: of how many partitions the topics were, whatever became of the recovery store.
ALTER TABLE task_progress ADD COLUMN partitions bigint;
UPDATE task_progress p SET partitions = counted.tasks
FROM (SELECT flow, count(*) AS tasks FROM task_progress GROUP BY flow) AS counted
WHERE counted.flow = p.flow AND p.offsets <> '{}';

-- Under which generation a rebuild left a state: a snapshot of an older one is behind it.
ALTER TABLE task_seeds ADD COLUMN generation bigint NOT NULL DEFAULT 0;

COMMENT ON COLUMN task_progress.partitions IS 'How many partitions the topics had at the last commit: another number is refused, since keys would hash to other tasks.';
COMMENT ON COLUMN task_seeds.generation IS 'The generation under which the rebuild wrote; a worker leaves a snapshot of an older one for this state.';

-- What a record of several topics is judged by: how far the time of a task was settled, and how far it was when each of its topics began.
ALTER TABLE task_progress ADD COLUMN settled_ms bigint;
ALTER TABLE task_progress ADD COLUMN begun jsonb NOT NULL DEFAULT '{}';

COMMENT ON COLUMN task_progress.settled_ms IS 'Up to when the results of this task are final, epoch ms: no later record changes what lies before. Null where nothing is.';
COMMENT ON COLUMN task_progress.begun IS '{"topic": number}: settled_ms before the first record of each topic. A record is late by the greater of that and watermark_before.';

-- A payload is kept up to 256 KiB: a record of 2 MB must not stop the archive. How long it was, and what it was, stays known.
ALTER TABLE dead_letters ADD COLUMN payload_bytes bigint;
ALTER TABLE dead_letters ADD COLUMN payload_sha256 text;

COMMENT ON COLUMN dead_letters.payload IS 'Base64 of the original bytes, at most the first 262,144.';
COMMENT ON COLUMN dead_letters.payload_bytes IS 'How many bytes there were; more than payload holds where it was cut.';
COMMENT ON COLUMN dead_letters.payload_sha256 IS 'SHA-256 of all of them, in hexadecimal.';
