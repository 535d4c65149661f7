-- Group roles, without login: operators grant them to the logins that they make. The migrator is the owner of the database:
-- a login, since TimescaleDB's background jobs run as the owner.
-- Roles belong to the whole server, so another database may have made them, or be making them now.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['classpulse_writer', 'classpulse_reader_teacher', 'classpulse_reader_class', 'classpulse_reader_school',
                               'classpulse_reader_ops', 'classpulse_messenger', 'classpulse_gateway', 'classpulse_privacy']
    LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = wanted);
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
            WHEN insufficient_privilege THEN
                RAISE WARNING 'role % is missing and % may not create roles: create it and migrate again', wanted, current_user;
        END;
    END LOOP;
END $$;

-- Whatever was granted before is taken back first, so that these lists are the whole truth.
DO $$
DECLARE
    flow_tables  text := 'task_progress, events, activity_windows, engagement_scores, student_state, student_days, student_day_classes, dead_letters, anomalies, enrolments, course_activity, '
                         'quiz_attempts, learning_events, calibrations, memory_reviews, memory_state, revision_signal_facts, '
                         'sessions_closed, sessions_open, chapter_visit_facts, video_views, milestones, student_click_days, page_days, stuck_episodes, '
                         'quiz_attempt_places, learning_event_places, milestone_places, chapter_visit_places, '
                         'cluster_members, cluster_formations, task_seeds, late_days, days_seen, lake_files, lake_expired, verifications, consents';
    scope_views  text := 'activity, activity_trend, class_chapter_activity, activity_by_minute, activity_by_hour, activity_by_day, '
                         'active_now, class_overview, present_now, engagement_by_class, daily_activity, '
                         'forgetting_by_cohort, class_recall, knowledge_gaps_by_cohort, attempts_by_day, module_performance, score_distribution, quiz_failure, '
                         'forgetting_summary, knowledge_gap_summary, quiz_failure_summary, module_summary, curve_changes, memory_summary, '
                         'class_days_summary, class_course_days_summary, class_summary, score_summary, '
                         'domain_popularity, daily_logins, '
                         'course_items, chapter_analytics, course_analytics, course_drop_off_index, chapter_time_by_hour, chapter_time_by_day, '
                         'course_time_by_hour, chapter_time_spread, course_time_spread, chapter_time_distribution, '
                         'video_summary, video_drop_off, video_rewatch_peaks, video_engagement, clickstream_analytics, top_pages, top_pages_by_week, '
                         'scroll_distribution, cohort_retention, enrolment_revenue, geography, device_summary, '
                         'forum_activity, event_quality, class_list, grade_list, course_list, course_titles, data_freshness, data_clock, late_additions, '
                         'todays_lessons, alert_classes, class_presence, active_before, idle_before, quiz_questions, chapter_reach, chapter_pace';
    person_views text := 'student_live_metrics, class_students, student_names, latest_events, latest_named_events, student_engagement, '
                         'class_members, class_elsewhere, enrolled_courses, memory_scores, memory_history, revision_signals, student_attempts, quiz_analytics, user_engagement, '
                         'next_modules, knowledge_gaps, revisions_waiting, reviews_coming, '
                         'sessions, chapter_visits, chapter_engagement_summary, student_video_events, student_video_views, '
                         'student_course_metrics, student_course_completion, student_analytics_profiles, student_risk, student_risk_entries, fast_readers, leaderboard, '
                         'stuck_now, student_predictions, student_active_days, student_class_days, student_streak, handed_in, class_member_days, class_attempts';
    pipe_views   text := 'flow_status, recent_rejects, recent_anomalies, database_jobs, late_waiting, last_night';
    grants       jsonb := jsonb_build_object(
        'classpulse_writer',         jsonb_build_array('SELECT, INSERT, UPDATE, DELETE', flow_tables, 'SELECT', 'data_clock, data_freshness, schema_state, database_jobs, nightly_runs, late_waiting, erased_students'),
        'classpulse_reader_teacher', jsonb_build_array('SELECT', scope_views, 'SELECT', person_views),
        'classpulse_gateway',        jsonb_build_array('SELECT', scope_views, 'SELECT', person_views, 'SELECT', 'api_tokens, withdrawn_students',
                                                       'SELECT, INSERT, UPDATE, DELETE', 'gateway_instances, gateway_ticker'),
        -- These read the views of a schema of their own by the same names (db/access/rules.py).
        'classpulse_reader_class',   jsonb_build_array('SELECT', 'data_clock'),
        'classpulse_reader_school',  jsonb_build_array('SELECT', 'data_clock'),
        'classpulse_reader_ops',     jsonb_build_array('SELECT', 'data_clock', 'SELECT', pipe_views),
        'classpulse_privacy',        jsonb_build_array('SELECT', 'access_audit'),
        'classpulse_messenger',      jsonb_build_array('SELECT', 'class_staff, due_reminders, reminder_day, data_clock',
                                                       'SELECT, INSERT, UPDATE, DELETE', 'reminders',
                                                       'SELECT, INSERT, DELETE', 'reminder_opt_outs'));
    grantee      text;
    lists        jsonb;
    place        integer;
BEGIN
    FOR grantee, lists IN SELECT * FROM jsonb_each(grants) LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = grantee);
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA public FROM %I', grantee);
        EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', grantee);
        FOR place IN 0 .. jsonb_array_length(lists) / 2 - 1 LOOP
            EXECUTE format('GRANT %s ON %s TO %I', lists ->> (2 * place), lists ->> (2 * place + 1), grantee);
        END LOOP;
    END LOOP;
END $$;

-- The lake's catalogue is in a schema of its own; who keeps the lake writes it.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'classpulse_writer') THEN
        GRANT USAGE ON SCHEMA lake_catalog TO classpulse_writer;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA lake_catalog TO classpulse_writer;
    END IF;
END $$;

-- Who reads for others says so.
DO $$
DECLARE
    teller text;
BEGIN
    FOREACH teller IN ARRAY ARRAY['classpulse_writer', 'classpulse_reader_teacher', 'classpulse_reader_class', 'classpulse_gateway', 'classpulse_privacy'] LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = teller);
        EXECUTE format('GRANT EXECUTE ON FUNCTION record_access(text, text, text, text[], text[], boolean) TO %I', teller);
    END LOOP;
END $$;

-- A person sets a prediction aside through the gateway, and nothing else may be written of it.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'classpulse_gateway') THEN
        GRANT EXECUTE ON FUNCTION dismiss_prediction(text, text, text, text, text, text) TO classpulse_gateway;
    END IF;
END $$;

-- Temporary tables are for the writer's staging; no reader needs them.
DO $$
BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'classpulse_writer') THEN
        EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO classpulse_writer', current_database());
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE WARNING 'only the database''s owner may settle who makes temporary tables: grant TEMPORARY to classpulse_writer';
END $$;
