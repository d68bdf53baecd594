-- older versions run: yes
-- The language of quick add. Old accounts wrote English.
ALTER TABLE users
    ADD COLUMN language text NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'de', 'fr', 'es'));
