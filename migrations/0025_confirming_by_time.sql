-- Which of those that served on watch is confirmed next, and which confirmed one is returned to, their times say: a person may
-- have promoted an older one.
DROP INDEX versions_to_confirm;
CREATE INDEX versions_to_confirm ON versions (pipeline_id, since)
  WHERE state = 'retired' AND was_stable AND NOT confirmed AND NOT was_rolled_back;
