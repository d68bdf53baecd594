package task

import (
	"errors"

	"github.com/google/uuid"
)

// ParseID parses a UUID as RFC 9562 section 4 writes it. uuid.Parse also accepts braces, the prefix
// urn:uuid: and a form without hyphens. The error completes a sentence.
func ParseID(s string) (uuid.UUID, error) {
	id, err := uuid.Parse(s)
	if err != nil || len(s) != len(uuid.Nil.String()) {
		return uuid.Nil, errors.New("is not a UUID")
	}
	return id, nil
}
