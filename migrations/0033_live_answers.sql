-- How quickly, and how often not at all, the canary and the stable version have answered the requests that a server dealt to them at the
-- canary's share: a canary that is slow, or fails, is no better for its pairs. JSON, as `SplitAnswers` reads it; NULL: nobody knows.
ALTER TABLE servers ADD COLUMN split_answers jsonb CHECK (jsonb_typeof(split_answers) = 'object');
