package main

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/apiv1"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
)

const (
	// addressLogins is how many times as many logins an address has as one account from it. People of
	// one household or office share an address.
	addressLogins = 3
	// accountLogins is how many times as many logins an account has in an hour as it has in a minute
	// from one address. It bounds guesses from many addresses.
	accountLogins = 10
)

// loginLimits limits the attempts to log in. Somebody else's wrong passwords use up the allowance of
// the account from their address, and in large numbers that of the account from all unknown devices.
// They never use up the allowance of a device that has logged in before.
//
//	unknown device: address, then address and account, then account
//	known device:   device and account
//	logged in:      account, for a password that is asked again
type loginLimits struct {
	minute, address, hour *server.Limiter
}

func newLoginLimits(perMinute int) *loginLimits {
	return &loginLimits{
		minute:  server.NewLimiter(perMinute, perMinute),
		address: server.NewLimiter(addressLogins*perMinute, addressLogins*perMinute),
		hour:    server.NewHourlyLimiter(accountLogins * perMinute),
	}
}

// allowAddress takes a login of an address.
func (l *loginLimits) allowAddress(address string, now time.Time) error {
	return l.address.Allow(address, now)
}

// allowStranger takes a login to an account from an unknown device at an address.
func (l *loginLimits) allowStranger(address, email string, now time.Time) error {
	if err := l.minute.Allow("stranger "+address+" "+email, now); err != nil {
		return err
	}
	return l.hour.Allow("strangers "+email, now)
}

// allowDevice takes a login to an account from a device that has logged in to it before.
func (l *loginLimits) allowDevice(tokenHash []byte, email string, now time.Time) error {
	return l.minute.Allow("device "+string(tokenHash)+" "+email, now)
}

// allowConfirmation takes a password that a logged-in user is asked for again.
func (l *loginLimits) allowConfirmation(userID uuid.UUID, now time.Time) error {
	if err := l.minute.Allow("confirmation "+userID.String(), now); err != nil {
		return err
	}
	return l.hour.Allow("confirmations "+userID.String(), now)
}

// admitLogin reads the credentials of a login and applies the limits to it. It returns the hasher
// that checks the password: a known device goes first. A login without a device cookie is limited
// before its body is read.
func (s *service) admitLogin(w http.ResponseWriter, r *http.Request, in *apiv1.Credentials) (*hasher, error) {
	address, device, now := s.clientAddr(r), account.DeviceHash(r), s.now()
	refused := s.access.logins.allowAddress(address, now)
	if refused != nil && device == nil {
		return nil, refused
	}
	if err := s.readCredentials(w, r, in, &in.Email); err != nil {
		return nil, err
	}
	known := false
	if device != nil {
		err := s.read(r.Context(), func(ctx context.Context, tx pgx.Tx) (err error) {
			known, err = postgres.IsDevice(ctx, tx, in.Email, device)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	switch {
	case known:
		return s.hasher.first, s.access.logins.allowDevice(device, in.Email, now)
	case refused != nil:
		return nil, refused
	default:
		return s.hasher, s.access.logins.allowStranger(address, in.Email, now)
	}
}

// rememberDevice records a login with the browser of a request. It returns the device cookie, and
// reports whether the browser has logged in to the account before.
func (s *service) rememberDevice(ctx context.Context, tx pgx.Tx, r *http.Request, userID uuid.UUID, now time.Time) (*http.Cookie, bool, error) {
	token := account.NewSession()
	known, err := postgres.UseDevice(ctx, tx, userID, account.DeviceHash(r), account.Hash(token), now)
	if known {
		token = account.DeviceCookie(r).Value
	}
	return &http.Cookie{
		Name: account.DeviceCookieName(s.cfg.CookieSecure), Value: token, Path: "/", MaxAge: int(deviceRetention.Seconds()),
		HttpOnly: true, Secure: s.cfg.CookieSecure, SameSite: http.SameSiteLaxMode,
	}, known, err
}
