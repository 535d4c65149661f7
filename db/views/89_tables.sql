-- What is in the tables. Migrations said it once; what is said here counts. Columns whose names mean the same everywhere are in
-- 93_words.sql.

COMMENT ON TABLE activity_kept IS 'activity_windows that are no longer kept, by hour and by local day; part of activity_by_hour and activity_by_day.';
COMMENT ON COLUMN activity_kept.unit IS 'hour or day.';
COMMENT ON COLUMN activity_kept.pending IS 'The aggregates still count it.';

COMMENT ON TABLE activity_windows IS 'One-minute windows per scope and task; sum over task, or read the view activity.';

COMMENT ON TABLE anomalies IS 'What looked wrong in the data, by event time.';
COMMENT ON COLUMN anomalies.detected_at IS 'When it was seen, by event time.';
COMMENT ON COLUMN anomalies.subject_id IS 'What looked wrong: a student, a class ...';
COMMENT ON COLUMN anomalies.score IS 'How far off.';

COMMENT ON TABLE api_tokens IS 'Tokens of the gateway, by id; `classpulse token` makes and revokes them.';
COMMENT ON COLUMN api_tokens.token_id IS 'Its id.';
COMMENT ON COLUMN api_tokens.name IS 'What it is for.';
COMMENT ON COLUMN api_tokens.scopes IS 'What it may: ingest, read:class:ID, read:school, privacy.';
COMMENT ON COLUMN api_tokens.digest IS 'SHA-256 of the token, which itself is kept nowhere.';
COMMENT ON COLUMN api_tokens.events_per_s IS 'Most events a second; null for CLASSPULSE_API_EVENTS_PER_S.';
COMMENT ON COLUMN api_tokens.created_at IS 'When it was made.';
COMMENT ON COLUMN api_tokens.expires_at IS 'From when on it is refused; null: never.';
COMMENT ON COLUMN api_tokens.revoked_at IS 'When it was revoked.';

COMMENT ON TABLE attempt_days IS 'Quiz attempts of a local day by class, course, module and kind, counted as quiz_attempts is written; scores in ten-thousandths.';
COMMENT ON COLUMN attempt_days.score_sum IS 'In ten-thousandths.';

COMMENT ON TABLE calibrations IS 'What turns retention into pass_chance, by model: of the versions that are active, the newest counts. Never changed, so that what was shown stays known.';
COMMENT ON COLUMN calibrations.version IS 'Never changed once active.';
COMMENT ON COLUMN calibrations.parameters IS 'pass_chance = 1 / (1 + exp(-(intercept + slope * logit(0.001 + 0.998 * retention) + score * (last score - pass mark) / 10))).';
COMMENT ON COLUMN calibrations.active_from IS 'The newest that is active counts.';

COMMENT ON TABLE chapter_visit_facts IS 'Visits of chapters as measured (docs/time-on-task.md); the view chapter_visits cuts at the expected time.';
COMMENT ON COLUMN chapter_visit_facts.time_spent_seconds IS 'What counts, before the cut at the expected time.';
COMMENT ON COLUMN chapter_visit_facts.raw_seconds IS 'The same stretch without cap, idle and hidden taken out.';
COMMENT ON COLUMN chapter_visit_facts.idle_capped IS 'Something was cut.';
COMMENT ON COLUMN chapter_visit_facts.source IS 'view: chapter_view_events; clickstream: derived from the events between.';

COMMENT ON TABLE chapter_visit_places IS 'A row is a chapter view, as long as its fact is kept: a repeat of its id counts no second time.';
COMMENT ON COLUMN chapter_visit_places.fact_at IS 'When the fact happened.';

COMMENT ON TABLE class_staff IS 'Who teaches a class and where alerts about it go.';
COMMENT ON COLUMN class_staff.staff_id IS 'Member of staff.';
COMMENT ON COLUMN class_staff.channel IS 'slack or email.';
COMMENT ON COLUMN class_staff.address IS 'Where the alerts go.';

COMMENT ON TABLE classes IS 'Classes of the roster; idle_after_s overrides the deployment''s threshold.';
COMMENT ON COLUMN classes.idle_after_s IS 'Seconds until a student of this class is idle; null: the deployment''s.';

COMMENT ON TABLE cluster_formations IS 'The members that shall run together; the number grows with every change.';
COMMENT ON COLUMN cluster_formations.number IS 'Grows with every change.';
COMMENT ON COLUMN cluster_formations.seats IS 'Which member has which seat.';
COMMENT ON COLUMN cluster_formations.made_at IS 'When they met.';

COMMENT ON TABLE cluster_members IS 'Worker processes of a flow that were started as members: who is there, and what each one does.';
COMMENT ON COLUMN cluster_members.member IS 'Number of the member.';
COMMENT ON COLUMN cluster_members.incarnation IS 'Which start of it.';
COMMENT ON COLUMN cluster_members.address IS 'Host and port.';
COMMENT ON COLUMN cluster_members.version IS 'Of ClassPulse.';
COMMENT ON COLUMN cluster_members.state IS 'What it does.';
COMMENT ON COLUMN cluster_members.formation IS 'The one that it runs in.';
COMMENT ON COLUMN cluster_members.seen_at IS 'Last sign of life.';

COMMENT ON TABLE content_items IS 'Courses'' items with expected times, due dates and pass marks.';
COMMENT ON COLUMN content_items.parent_id IS 'Item that it belongs to.';
COMMENT ON COLUMN content_items.kind IS 'chapter, lesson, video, quiz, assignment, module or another.';
COMMENT ON COLUMN content_items.due_at IS 'When it is due.';
COMMENT ON COLUMN content_items.pass_mark IS 'Null: the deployment''s.';

COMMENT ON TABLE course_activity IS 'The minute of a student''s last interaction in a course, whenever the event came.';
COMMENT ON COLUMN course_activity.last_at IS 'Minute of the last interaction.';

COMMENT ON TABLE days_seen IS 'Per aged table and UTC day, when a nightly run first saw a row of it; not of hypertables, whose chunks say it.';
COMMENT ON COLUMN days_seen.table_name IS 'Table.';
COMMENT ON COLUMN days_seen.seen_at IS 'When the nightly run first saw the day.';

COMMENT ON TABLE dead_letters IS 'Rejected records with reason and place in the log; payload is base64 of the original bytes.';
COMMENT ON COLUMN dead_letters.received_at IS 'When the topic got it.';
COMMENT ON COLUMN dead_letters.payload IS 'Base64 of the original bytes, at most the first 262,144.';
COMMENT ON COLUMN dead_letters.payload_bytes IS 'How many bytes there were; more than payload holds where it was cut.';
COMMENT ON COLUMN dead_letters.payload_sha256 IS 'SHA-256 of all of them, in hexadecimal.';

COMMENT ON TABLE directory IS 'Display names, apart from everything else; joined in teachers'' views only.';

COMMENT ON TABLE engagement_kept IS 'engagement_scores that are no longer kept, by minute and class; part of engagement_by_class.';
COMMENT ON COLUMN engagement_kept.score_sum IS 'Sum of scores (0-1) in ten-thousandths.';
COMMENT ON COLUMN engagement_kept.pending IS 'The aggregates still count it.';

COMMENT ON TABLE engagement_scores IS 'Score 0-1 of a student as of the end of the minute that starts at time; written once, when final.';
COMMENT ON COLUMN engagement_scores.time IS 'Start of the minute.';
COMMENT ON COLUMN engagement_scores.score IS '0-1.';
COMMENT ON COLUMN engagement_scores.recency IS 'Part of the score, 0-1: how long ago the last interaction was.';
COMMENT ON COLUMN engagement_scores.intensity IS 'Part of the score, 0-1: weights of the last ten whole minutes.';
COMMENT ON COLUMN engagement_scores.duration IS 'Part of the score, 0-1: active minutes of the session.';
COMMENT ON COLUMN engagement_scores.streak IS 'Part of the score, 0-1: days in a row.';

COMMENT ON TABLE enrolment_classes IS 'Further classes of an enrolment, as rosters say; dates and role are those of the enrolment.';

COMMENT ON TABLE enrolments IS 'First enrolment and latest leaving by event time; enrolled = not left since, or come back. class_at is the time of the fact that class_id is from.';
COMMENT ON COLUMN enrolments.enrolled_at IS 'The first enrolment ever; null where nobody said when.';
COMMENT ON COLUMN enrolments.left_at IS 'Latest leaving.';
COMMENT ON COLUMN enrolments.class_at IS 'When the roster named the class.';
COMMENT ON COLUMN enrolments.returned_at IS 'The latest enrolment, where that is not the first.';

COMMENT ON TABLE events IS 'Every accepted event, once in each topic that told it, with its place in the log and the watermark that it met. Kept for CLASSPULSE_KEEP_EVENTS_DAYS after it came.';
COMMENT ON COLUMN events.assessment_id IS 'Quiz or assignment.';
COMMENT ON COLUMN events.ingested_at IS 'When the topic got it.';
COMMENT ON COLUMN events.watermark_before IS 'How far event time had come when it was read.';

COMMENT ON TABLE gateway_instances IS 'Instances of the gateway and the events that they have acknowledged and Kafka does not have yet. Ticks wait for the oldest of all.';
COMMENT ON COLUMN gateway_instances.instance IS 'A spool is an instance, whoever serves it now.';
COMMENT ON COLUMN gateway_instances.seen_at IS 'Last sign of life.';
COMMENT ON COLUMN gateway_instances.oldest_at IS 'Event time of the oldest event on its spool; null while that is empty.';
COMMENT ON COLUMN gateway_instances.spooled IS 'Events on its spool.';

COMMENT ON TABLE gateway_ticker IS 'The one instance that writes ticks, until when unless it renews that.';
COMMENT ON COLUMN gateway_ticker.only_row IS 'There is one.';
COMMENT ON COLUMN gateway_ticker.instance IS 'The instance.';
COMMENT ON COLUMN gateway_ticker.expires_at IS 'Until when, unless it renews that.';

COMMENT ON TABLE lake_files IS 'The lake''s manifest: a file that it does not name does not exist. Current are those without replaced_at.';
COMMENT ON COLUMN lake_files.path IS 'From the lake''s root.';
COMMENT ON COLUMN lake_files.zone IS 'events: rows of `events` as Parquet. raw: records as they came, JSON lines.';
COMMENT ON COLUMN lake_files.task IS 'The task whose records it holds; null where it was compacted.';
COMMENT ON COLUMN lake_files.generation IS 'Number of the run of the worker that wrote it.';
COMMENT ON COLUMN lake_files.places IS 'By topic: the first place that it covers and the place after the last, [first, upto).';
COMMENT ON COLUMN lake_files.events IS 'Rows, or lines.';
COMMENT ON COLUMN lake_files.size_bytes IS 'Bytes.';
COMMENT ON COLUMN lake_files.first_event IS 'First event time.';
COMMENT ON COLUMN lake_files.last_event IS 'Last event time.';
COMMENT ON COLUMN lake_files.first_append IS 'First append time.';
COMMENT ON COLUMN lake_files.last_append IS 'Last append time.';
COMMENT ON COLUMN lake_files.known_at IS 'Last event time or watermark: the task knows the file''s ids for CLASSPULSE_REPEAT_S after it.';
COMMENT ON COLUMN lake_files.event_date IS 'Of a compacted file: the UTC day of its events.';
COMMENT ON COLUMN lake_files.event_name IS 'Of a compacted file: the name of its events.';
COMMENT ON COLUMN lake_files.staged IS 'Where it lies until it stands under its path.';
COMMENT ON COLUMN lake_files.written_at IS 'When the manifest named it.';
COMMENT ON COLUMN lake_files.replaced_at IS 'When others took its place; it is deleted once no task and no reader needs it.';

COMMENT ON TABLE late_days IS 'Local days to which late events were added, by flow; a rebuild counts the same.';
COMMENT ON COLUMN late_days.up_to_place IS 'The first place whose late events do not count, by topic and partition: {"topic": {"partition": place}}.';
COMMENT ON COLUMN late_days.added IS 'How many late events of the day count.';
COMMENT ON COLUMN late_days.added_at IS 'When.';

COMMENT ON TABLE late_left IS 'Days that were not settled at the last nightly run: late events that wait.';
COMMENT ON COLUMN late_left.settled_at IS 'Once every watermark of the flow has passed this they are added, by the next nightly run.';

COMMENT ON TABLE late_seen IS 'Up to which places the last nightly run has looked for late events, by flow.';
COMMENT ON COLUMN late_seen.up_to_place IS 'The first place that it did not see, by topic and partition: {"topic": {"partition": place}}.';
COMMENT ON COLUMN late_seen.seen_at IS 'When.';

COMMENT ON TABLE learning_event_places IS 'A row is a learning event, as long as its fact is kept: a repeat of its id counts no second time.';
COMMENT ON COLUMN learning_event_places.fact_at IS 'When the fact happened.';

COMMENT ON TABLE learning_events IS 'Logins, chosen domains, modules started and completed.';
COMMENT ON COLUMN learning_events.kind IS 'login, domain_selected, module_started or module_completed.';

COMMENT ON TABLE memberships IS 'Enrolments by class (null: enrolled in courses, in no class): when, whatever the course; its staff left out. Kept by triggers on enrolments and class_staff.';
COMMENT ON COLUMN memberships.until IS 'From then on not enrolled any more.';
COMMENT ON COLUMN memberships.away IS 'Between since and until: when the student was not enrolled; null where always.';
COMMENT ON COLUMN memberships.is_only IS 'The student has no other row here.';

COMMENT ON TABLE memory_reviews IS 'Attempts that name a module. counted: the first of its local day, which alone moves the curve; null numbers otherwise. retention_before is that of the instant before the review.';
COMMENT ON COLUMN memory_reviews.counted IS 'The first of its local day, which alone moves the curve.';
COMMENT ON COLUMN memory_reviews.retention_before IS 'Share remembered the instant before, 0-1.';

COMMENT ON TABLE memory_state IS 'The forgetting curve of a student and module after the last counted review; retention as of now is a function of it.';
COMMENT ON COLUMN memory_state.stability IS 'Days that the curve is stretched by; the odds of passing at once for average (docs/forgetting.md).';
COMMENT ON COLUMN memory_state.decay_factor IS 'ebbinghaus: 1 / stability, per day. fsrs, average: the exponent of the curve.';
COMMENT ON COLUMN memory_state.reviews IS 'Counted reviews.';

COMMENT ON TABLE milestone_places IS 'A row is a milestone, as long as its fact is kept: a repeat of its id counts no second time.';
COMMENT ON COLUMN milestone_places.fact_at IS 'When the fact happened.';

COMMENT ON TABLE milestones IS 'Starts, completions, submissions, enrolments: facts, whenever they came.';
COMMENT ON COLUMN milestones.kind IS 'Name of the event.';
COMMENT ON COLUMN milestones.price IS 'What was paid.';

COMMENT ON TABLE nightly_runs IS 'When `classpulse nightly` last did all its work: late events that it added, and days that have to wait.';
COMMENT ON COLUMN nightly_runs.only_row IS 'There is one.';
COMMENT ON COLUMN nightly_runs.succeeded_at IS 'End of the run.';
COMMENT ON COLUMN nightly_runs.added IS 'Late events added.';
COMMENT ON COLUMN nightly_runs.waiting_days IS 'Days that had to wait.';

COMMENT ON TABLE page_days IS 'Counts of a page''s local day by task; s0 ... s9: scroll depth by ten points.';
COMMENT ON COLUMN page_days.views IS 'Views.';

COMMENT ON TABLE periods IS 'Timetable in local time; weekday 1 = Monday ... 7 = Sunday.';
COMMENT ON COLUMN periods.weekday IS '1 = Monday ... 7 = Sunday.';
COMMENT ON COLUMN periods.starts IS 'Local time.';
COMMENT ON COLUMN periods.ends IS 'Local time.';

COMMENT ON TABLE quiz_attempt_places IS 'A row is a quiz attempt, as long as its fact is kept: a repeat of its id counts no second time.';
COMMENT ON COLUMN quiz_attempt_places.fact_at IS 'When the fact happened.';

COMMENT ON TABLE predictions IS 'A row is what a model said of a student of a course at a moment, by what was known then.';
COMMENT ON COLUMN predictions.predicted_at IS 'What was known then went into it, and nothing later.';
COMMENT ON COLUMN predictions.kind IS 'risk: fails the course or leaves it.';
COMMENT ON COLUMN predictions.week IS 'Of the term, from 1.';
COMMENT ON COLUMN predictions.probability IS 'Chance, 0-1.';
COMMENT ON COLUMN predictions.reasons IS 'What raises it most, in words.';
COMMENT ON COLUMN predictions.changes IS 'What would lower it, and to what (if, chance).';
COMMENT ON COLUMN predictions.known IS 'The numbers that went into it.';
COMMENT ON COLUMN predictions.calibration IS 'When it was judged: of n with about this chance the share came true; error over all; judged_on whom.';
COMMENT ON COLUMN predictions.model_version IS 'Hash of the model''s file.';

COMMENT ON TABLE prediction_dismissals IS 'A row is a prediction that a person set aside.';
COMMENT ON COLUMN prediction_dismissals.kind IS 'As in predictions.';
COMMENT ON COLUMN prediction_dismissals.dismissed_at IS 'When.';
COMMENT ON COLUMN prediction_dismissals.predicted_at IS 'Which.';
COMMENT ON COLUMN prediction_dismissals.actor IS 'Who.';
COMMENT ON COLUMN prediction_dismissals.why IS 'Why, in their words.';

COMMENT ON TABLE quiz_attempts IS 'Scored quizzes (score 0-100) of students; passed or not is said by views, by the pass mark. Kept 7 years after they were stored.';
COMMENT ON COLUMN quiz_attempts.time_taken_seconds IS 'Seconds.';

COMMENT ON TABLE reminder_opt_outs IS 'Students who want no reminders; stays when rosters are loaded again.';
COMMENT ON COLUMN reminder_opt_outs.opted_out_at IS 'When.';

COMMENT ON TABLE reminders IS 'One row a student and local day, kept 90 days. sent_at null and no failure: a run ended between claim and answer.';
COMMENT ON COLUMN reminders.items IS 'What was due.';
COMMENT ON COLUMN reminders.claimed_at IS 'When a run took it.';
COMMENT ON COLUMN reminders.sent_at IS 'When the mail server had taken it.';
COMMENT ON COLUMN reminders.failure IS 'What it said otherwise.';

COMMENT ON TABLE revision_signal_facts IS 'Reviews that fell due at scheduled_at before the next review (reviewed_at, null while open).';
COMMENT ON COLUMN revision_signal_facts.reviewed_at IS 'Null while open.';
COMMENT ON COLUMN revision_signal_facts.created_at IS 'The same as scheduled_at.';

COMMENT ON TABLE risk_entries IS 'Each time a student of a course came to be at risk, with the score and the reasons of then; left_at is null while it lasts.';
COMMENT ON COLUMN risk_entries.entered_at IS 'When the student came to be at risk.';
COMMENT ON COLUMN risk_entries.left_at IS 'Null while still.';
COMMENT ON COLUMN risk_entries.score IS 'When the student came to be at risk.';
COMMENT ON COLUMN risk_entries.reasons IS 'When the student came to be at risk.';

COMMENT ON TABLE rolled_up IS 'Which times of a table were rolled up and deleted; a rebuild begins after them.';
COMMENT ON COLUMN rolled_up.table_name IS 'Table.';
COMMENT ON COLUMN rolled_up.since IS 'First time.';
COMMENT ON COLUMN rolled_up.until IS 'Last time.';
COMMENT ON COLUMN rolled_up.pending IS 'Rolled up and not yet deleted.';
COMMENT ON COLUMN rolled_up.rolled_up_at IS 'When.';

COMMENT ON TABLE schema_state IS 'A row is what classpulse migrate applied last: one row.';
COMMENT ON COLUMN schema_state.only_row IS 'There is one.';
COMMENT ON COLUMN schema_state.kind IS 'timescaledb or postgresql.';
COMMENT ON COLUMN schema_state.timezone IS 'CLASSPULSE_TIMEZONE of the first migration.';
COMMENT ON COLUMN schema_state.checksum IS 'Of views, functions and grants as applied.';
COMMENT ON COLUMN schema_state.objects IS 'What they made.';
COMMENT ON COLUMN schema_state.applied IS 'When.';

COMMENT ON TABLE schema_version IS 'A row is the last revision of the schema: one row.';
COMMENT ON COLUMN schema_version.version_num IS 'Last revision.';

COMMENT ON TABLE sessions_closed IS 'Sessions that are over by the watermark; a late event may still join or lengthen them.';

COMMENT ON TABLE sessions_open IS 'Sessions that may still go on: at most one a student.';

COMMENT ON TABLE stuck_episodes IS 'A row is a stretch in which a student looks stuck on an item (docs/stuck.md).';
COMMENT ON COLUMN stuck_episodes.began_at IS 'When the rules called it.';
COMMENT ON COLUMN stuck_episodes.item_id IS 'Quiz, skill, module, video or chapter.';
COMMENT ON COLUMN stuck_episodes.kind IS 'What it was called for first: wheel_spinning wrong_answers hints silence_after_fail video_loop long_dwell opened_and_left.';
COMMENT ON COLUMN stuck_episodes.since IS 'Since when it goes wrong.';
COMMENT ON COLUMN stuck_episodes.chance IS 'Chance that the student is truly stuck, 0-1.';
COMMENT ON COLUMN stuck_episodes.evidence IS 'All signs that held, and their numbers; in words by stuck_words(kind, evidence).';
COMMENT ON COLUMN stuck_episodes.ended_at IS 'When it ended; null while it goes on.';
COMMENT ON COLUMN stuck_episodes.outcome IS 'How: solved handed_in went_on moved_on left, or a teacher''s answer: seen helped not_stuck.';

COMMENT ON TABLE student_addresses IS 'Where students are reminded; read by classpulse_messenger alone, through due_reminders.';
COMMENT ON COLUMN student_addresses.email IS 'Where reminders go.';

COMMENT ON TABLE student_click_days IS 'Counts of a student''s local day; scroll_sum in tenths of a per cent.';
COMMENT ON COLUMN student_click_days.clicks IS 'Clicks.';
COMMENT ON COLUMN student_click_days.searches IS 'Searches.';
COMMENT ON COLUMN student_click_days.scroll_sum IS 'Depths of scrolls in tenths of a per cent, added up.';

COMMENT ON TABLE student_day_classes IS 'Days on which a student''s interactions named several classes: each of them; class_id is empty for those that named none.';

COMMENT ON TABLE student_days IS 'Local day x student: distinct minutes with an interaction, and interactions.';

COMMENT ON TABLE student_state IS 'The latest known state of a student; scores and status as of now are functions of it.';
COMMENT ON COLUMN student_state.last_event_at IS 'Time of the last event.';
COMMENT ON COLUMN student_state.last_event_id IS 'Its id.';
COMMENT ON COLUMN student_state.last_event_name IS 'Its name.';
COMMENT ON COLUMN student_state.last_interaction_at IS 'Last interaction.';
COMMENT ON COLUMN student_state.idle_at IS 'Last idle event.';
COMMENT ON COLUMN student_state.session_end_at IS 'Last session_end event.';
COMMENT ON COLUMN student_state.playing_until IS 'Expected end of the video that plays.';
COMMENT ON COLUMN student_state.weights IS 'Weights of 15 minutes as hexadecimal digits, the lowest for weights_end.';
COMMENT ON COLUMN student_state.weights_end IS 'Minute of the lowest digit.';
COMMENT ON COLUMN student_state.session_minutes IS 'Minutes of the session with a weight.';
COMMENT ON COLUMN student_state.day_bits IS '32 days with an interaction, bit i for last_day - i.';
COMMENT ON COLUMN student_state.last_day IS 'Local day of the lowest bit.';

COMMENT ON TABLE task_progress IS 'Per flow and task: what is committed. offsets and watermarks are {"topic": number}; watermarks in epoch ms.';
COMMENT ON COLUMN task_progress.generation IS 'Number of the worker''s run; an older one may not write.';
COMMENT ON COLUMN task_progress.cluster_id IS 'Of the Kafka whose topics were read.';
COMMENT ON COLUMN task_progress.topic_ids IS 'Of those topics.';
COMMENT ON COLUMN task_progress.offsets IS 'By topic: offset of the next record.';
COMMENT ON COLUMN task_progress.watermarks IS 'By topic, in epoch milliseconds.';
COMMENT ON COLUMN task_progress.partitions IS 'How many partitions the topics had at the last commit: another number is refused, since keys would hash to other tasks.';
COMMENT ON COLUMN task_progress.settled_ms IS 'Up to when the results of this task are final, epoch ms: no later record changes what lies before. Null where nothing is.';
COMMENT ON COLUMN task_progress.begun IS '{"topic": number}: settled_ms before the first record of each topic. A record is late by the greater of that and watermark_before.';
COMMENT ON COLUMN task_progress.late_ms IS 'Late events were added to what lies below this low watermark (epoch ms): state that last wrote before it is refused.';

COMMENT ON TABLE task_seeds IS 'State of a task as a rebuild left it; used by a worker that has no snapshot.';
COMMENT ON COLUMN task_seeds.seed IS 'State as a rebuild left it.';
COMMENT ON COLUMN task_seeds.made_at IS 'When.';
COMMENT ON COLUMN task_seeds.generation IS 'The generation under which the rebuild wrote; a worker leaves a snapshot of an older one for this state.';

COMMENT ON TABLE terms IS 'School terms, both days included.';
COMMENT ON COLUMN terms.term_id IS 'Term.';
COMMENT ON COLUMN terms.starts IS 'First day.';
COMMENT ON COLUMN terms.ends IS 'Last day.';

COMMENT ON TABLE verifications IS 'The last verdict of `classpulse verify` on each class-day that it recomputed from the lake.';
COMMENT ON COLUMN verifications.checked_at IS 'When.';
COMMENT ON COLUMN verifications.compared IS 'Rows compared.';
COMMENT ON COLUMN verifications.differing IS 'Rows that differ.';
COMMENT ON COLUMN verifications.report IS 'By table, which rows differ and why.';

COMMENT ON TABLE video_views IS 'Videos watched: one row a student, video and session.';
COMMENT ON COLUMN video_views.watch_pct IS 'Share of the video that was seen, 0-100.';
COMMENT ON COLUMN video_views.completed IS 'Watched to the end, or said to be.';
COMMENT ON COLUMN video_views.bins IS 'Bit i: the i-th twentieth of the length was watched, at least half of it.';
COMMENT ON COLUMN video_views.rewatched_bins IS 'Bit i: the i-th twentieth was passed at least twice.';
