package main

import (
	"net/http"

	"taskmaster/internal/sidecar"
)

// fireJob answers the call of a reminder's job. It answers 200 if there is nothing more to do, also if
// the reminder was moved or its task deleted. After any other status except 404, the sidecar calls again
// (https://docs.dapr.io/reference/api/jobs_api/).
func (s *service) fireJob(w http.ResponseWriter, r *http.Request) error {
	taskID, number, ok := sidecar.ParseJobName(r.PathValue("name"))
	if !ok {
		s.log.WarnContext(r.Context(), "unknown job called", "job", r.PathValue("name"))
		return nil
	}
	return s.fireReminder(r.Context(), taskID, number)
}
