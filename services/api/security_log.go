package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"

	"github.com/google/uuid"

	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// securityEvent is the name of an entry in the security log.
type securityEvent string

// The entries of the security log. docs/security.md describes them.
const (
	eventSignup      securityEvent = "signup"
	eventSignupLink  securityEvent = "signup_link"
	eventLogin       securityEvent = "login"
	eventLogout      securityEvent = "logout"
	eventRefused     securityEvent = "refused"
	eventPassword    securityEvent = "password_change"
	eventForgotten   securityEvent = "password_forgotten"
	eventReset       securityEvent = "password_reset"
	eventLink        securityEvent = "link_use"
	eventAddress     securityEvent = "address_change"
	eventDeletion    securityEvent = "account_deletion"
	eventSessionEnd  securityEvent = "session_end"
	eventToken       securityEvent = "token_creation"
	eventTokenEnd    securityEvent = "token_deletion"
	eventConnect     securityEvent = "client_decision"
	eventConnectEnd  securityEvent = "client_removal"
	eventChannel     securityEvent = "channel_creation"
	eventChannelEdit securityEvent = "channel_change"
	eventChannelEnd  securityEvent = "channel_deletion"
	eventExport      securityEvent = "export"
)

// securityMessage is the message of every line of the security log.
const securityMessage = "security event"

// logSecurity writes a line of the security log. outcome is ok, or the code of err. The line has no
// address and no secret: sender is a pseudonym of the client's address.
func (s *service) logSecurity(r *http.Request, event securityEvent, userID uuid.UUID, err error, attrs ...slog.Attr) {
	outcome := "ok"
	if err != nil {
		outcome = string(task.ErrorCode(err))
		if code := statusCode(err); code != "" {
			outcome = code
		}
	}
	all := []slog.Attr{
		slog.String("event", string(event)), slog.String("outcome", outcome), slog.String("sender", s.pseudonym("sender", s.clientAddr(r))),
	}
	if userID != uuid.Nil {
		all = append(all, slog.String("user_id", userID.String()))
	}
	// The line is written also for a client that has gone.
	s.log.LogAttrs(context.WithoutCancel(r.Context()), slog.LevelInfo, securityMessage, append(all, attrs...)...)
}

// logged passes requests to h and writes a line of the security log about each.
func (s *service) logged(event securityEvent, h handler) handler {
	return func(w http.ResponseWriter, r *http.Request, c caller) error {
		err := h(w, r, c)
		s.logSecurity(r, event, c.UserID, err, credentialKind(c))
		return err
	}
}

// loggedPublic is logged for a handler without a caller.
func (s *service) loggedPublic(event securityEvent, h server.Handler) server.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := h(w, r)
		s.logSecurity(r, event, uuid.Nil, err)
		return err
	}
}

// credentialKind returns the kind of the caller's credential.
func credentialKind(c caller) slog.Attr {
	kind := "token"
	if c.Session != nil {
		kind = "session"
	}
	return slog.String("credential", kind)
}

// pseudonym returns a short name for a value that must not be logged. All replicas give a value the
// same name. Nobody without the database's password can find the value by guessing.
func (s *service) pseudonym(kind, value string) string {
	mac := hmac.New(sha256.New, []byte(s.cfg.DatabaseURL))
	mac.Write([]byte(kind + " " + value)) // never fails
	return hex.EncodeToString(mac.Sum(nil)[:8])
}
