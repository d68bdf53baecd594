-- older versions run: yes
-- The purpose signup: a link to an address that asked for an account. It proves the address.
ALTER TABLE links DROP CONSTRAINT links_purpose_check,
    ADD CONSTRAINT links_purpose_check CHECK (purpose IN ('confirm', 'reset', 'leave', 'join', 'invite', 'setup', 'signup'));
