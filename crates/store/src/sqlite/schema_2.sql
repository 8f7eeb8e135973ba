-- The journal's newest entry when the name became the customer's: who waited for the name is shown what came after it.
-- Of names that were there before this was noted it is not known, and all of the customer's journal is shown.
ALTER TABLE aliases ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
