SELECT add_job('note_risks', interval '5 minutes', config => '{}');
