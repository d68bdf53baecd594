-- older versions run: yes
-- Which signs quick add reads: TaskMaster's own (#home, !high), or also those of Todoist (p1, @home).
ALTER TABLE users
    ADD COLUMN line_signs text NOT NULL DEFAULT 'own',
    ADD CONSTRAINT users_line_signs_check CHECK (line_signs IN ('own', 'todoist'));
